//! A bucket of S3's, or of a store that speaks as S3 does.
//!
//! Address and credentials come from the environment, under the names that all tools of AWS read: `AWS_ACCESS_KEY_ID`,
//! `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_ENDPOINT_URL_S3`. They go no further than into a
//! signature, and no message has them.

use std::sync::Arc;
use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, HeaderName};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use rusty_s3::{Bucket, Credentials, S3Action as _, UrlStyle};

use super::error::{ReleaseError, reach, refuse};
use super::repository::sha256;
use crate::outbound::{Outbound, OutboundRequest, Server};

/// How long a signature is good for: a request is sent at once.
const SIGNED_FOR: Duration = Duration::from_secs(15 * 60);
/// Where the SHA-256 of an object's content is kept, in hexadecimal digits. The store has checked it.
const SHA256: &str = "x-amz-meta-sha256";
/// Bytes of an answer that says what is wrong.
const MAX_COMPLAINT: usize = 4096;

/// A bucket, or a folder of it.
pub(super) struct Store {
    bucket: Bucket,
    credentials: Credentials,
    /// Without slashes at its ends; empty for the whole bucket.
    prefix: String,
    server: Server,
}

/// What a store says of an object.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) length: Option<u64>,
    pub(super) sha256: Option<String>,
    pub(super) cache_control: Option<String>,
}

impl Store {
    /// The store at `s3://BUCKET/PREFIX`.
    pub(super) fn new(location: &str, outbound: &Outbound) -> Result<Self, ReleaseError> {
        let named = location.strip_prefix("s3://").map(|rest| rest.split_once('/').unwrap_or((rest, "")));
        let (name, prefix) = named.filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
            refuse(
                format!("{location}: se espera s3://BUCKET o s3://BUCKET/CARPETA"),
                format!("{location}: want s3://BUCKET or s3://BUCKET/FOLDER"),
            )
        })?;
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let credentials = Credentials::from_env().ok_or_else(|| {
            refuse(
                "faltan credenciales: ponga AWS_ACCESS_KEY_ID y AWS_SECRET_ACCESS_KEY en el entorno (y AWS_SESSION_TOKEN, si son de un rol)",
                "there are no credentials: have AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment (and AWS_SESSION_TOKEN, if they are a role's)",
            )
        })?;
        let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
        let region = region.unwrap_or_else(|| "us-east-1".to_owned());
        let own = variable("AWS_ENDPOINT_URL_S3").or_else(|| variable("AWS_ENDPOINT_URL"));
        // Other stores have no name for each bucket, and a name with dots fits no certificate.
        let style = if own.is_some() || name.contains('.') { UrlStyle::Path } else { UrlStyle::VirtualHost };
        let endpoint = own.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        let wrong = || {
            refuse(
                format!("{endpoint} no es la dirección de un almacén S3: compruebe AWS_ENDPOINT_URL_S3 y AWS_REGION"),
                format!("{endpoint} is not the address of an S3 store: check AWS_ENDPOINT_URL_S3 and AWS_REGION"),
            )
        };
        let bucket =
            Bucket::new(endpoint.parse().map_err(|_| wrong())?, style, name.to_owned(), region).map_err(|_| wrong())?;
        let origin = bucket.base_url().origin().ascii_serialization();
        // Without TLS where the address says so: what is sent is signed, and public.
        let (server, _) =
            Server::new(&origin, true, outbound, Arc::default(), Arc::default()).map_err(reach(location))?;
        Ok(Self { bucket, credentials, prefix: prefix.trim_matches('/').to_owned(), server })
    }

    /// What there is of an object, without its content.
    pub(super) async fn look(&self, path: &str) -> Result<Option<Object>, ReleaseError> {
        let key = self.key(path);
        let action = self.bucket.head_object(Some(&self.credentials), &key);
        let url = action.sign(SIGNED_FOR);
        let answer = self.exchange(Method::HEAD, url.as_str(), Vec::new(), Bytes::new(), path, 0).await?;
        Ok(answer.map(|(fields, _)| object(&fields)))
    }

    /// An object of `most` bytes at most.
    pub(super) async fn get(&self, path: &str, most: u64) -> Result<Option<(Object, Bytes)>, ReleaseError> {
        let key = self.key(path);
        let action = self.bucket.get_object(Some(&self.credentials), &key);
        let url = action.sign(SIGNED_FOR);
        let answer = self.exchange(Method::GET, url.as_str(), Vec::new(), Bytes::new(), path, most).await?;
        Ok(answer.map(|(fields, content)| {
            // As it is, whatever is noted beside it.
            let sha256 = Some(hex::encode(sha256(&content)));
            (Object { sha256, ..object(&fields) }, content)
        }))
    }

    /// Writes an object, which the store holds to its digest.
    pub(super) async fn put(&self, path: &str, content: Bytes, cache_control: &str) -> Result<(), ReleaseError> {
        let (key, digest) = (self.key(path), sha256(&content));
        let kind = if path.starts_with("metadata/") { "application/json" } else { "application/octet-stream" };
        let fields = [
            ("cache-control", cache_control.to_owned()),
            ("content-type", kind.to_owned()),
            ("x-amz-checksum-sha256", BASE64.encode(&digest)),
            (SHA256, hex::encode(&digest)),
        ];
        let mut action = self.bucket.put_object(Some(&self.credentials), &key);
        let mut sent = Vec::new();
        for (name, value) in &fields {
            action.headers_mut().insert(*name, value.as_str());
            let value = HeaderValue::from_str(value).map_err(reach(path))?;
            sent.push((HeaderName::from_static(name), value));
        }
        let url = action.sign(SIGNED_FOR);
        match self.exchange(Method::PUT, url.as_str(), sent, content, path, MAX_COMPLAINT as u64).await? {
            Some(_) => Ok(()),
            None => Err(refuse(
                format!("el almacén no tiene el bucket {}: compruebe su nombre y su región", self.bucket.name()),
                format!("the store has no bucket {}: check its name and its region", self.bucket.name()),
            )),
        }
    }

    fn key(&self, path: &str) -> String {
        if self.prefix.is_empty() { path.to_owned() } else { format!("{}/{path}", self.prefix) }
    }

    /// `None` for what is not there.
    async fn exchange(
        &self,
        method: Method,
        url: &str,
        fields: Vec<(HeaderName, HeaderValue)>,
        body: Bytes,
        path: &str,
        most: u64,
    ) -> Result<Option<(HeaderMap, Bytes)>, ReleaseError> {
        let place = format!("s3://{}/{}", self.bucket.name(), self.key(path));
        // The signature is in the query, which no message has.
        let path: Uri = url.strip_prefix(self.server.origin()).unwrap_or(url).parse().map_err(reach(&place))?;
        let request = OutboundRequest { method: method.clone(), path, fields, body };
        let (connection, answer) = self.server.request(&request, &place).await.map_err(reach(&place))?;
        let (status, fields) = (answer.status(), answer.headers().clone());
        let mut stream = self.server.stream(connection, answer, place.clone());
        let mut content = Vec::new();
        while let Some(piece) = stream.next().await.map_err(reach(&place))? {
            content.extend_from_slice(&piece);
            let most = if status.is_success() { most } else { MAX_COMPLAINT as u64 };
            if content.len() as u64 > most {
                break;
            }
        }
        match status {
            status if status.is_success() => Ok(Some((fields, content.into()))),
            StatusCode::NOT_FOUND => Ok(None),
            status => {
                let code = complaint(&content);
                Err(refuse(
                    format!(
                        "el almacén contesta {status} {code} a {method} {place}: las credenciales necesitan s3:GetObject, s3:PutObject y s3:ListBucket"
                    ),
                    format!(
                        "the store answers {status} {code} to {method} {place}: the credentials need s3:GetObject, s3:PutObject and s3:ListBucket"
                    ),
                ))
            }
        }
    }
}

fn object(fields: &HeaderMap) -> Object {
    let text = |name: &HeaderName| fields.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Object {
        length: text(&CONTENT_LENGTH).and_then(|length| length.parse().ok()),
        sha256: text(&HeaderName::from_static(SHA256)),
        cache_control: text(&CACHE_CONTROL),
    }
}

/// The code that an answer of S3's has, such as `AccessDenied`.
fn complaint(content: &[u8]) -> String {
    let text = String::from_utf8_lossy(content);
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    code.unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).take(64).collect()
}
