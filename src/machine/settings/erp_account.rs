//! The box's account at the ERP: what of the two files makes one.
//!
//! An account that is incomplete is no fault of the file: files that were written for an earlier version, which used none of
//! it, hold as before.

use super::{Secrets, Settings, words};
use crate::erp;
use crate::lang::Text;

/// What the appliance's configuration says of it.
pub(super) struct ErpAccount<'a> {
    pub(super) url: &'a str,
    pub(super) user: &'a str,
    /// Goes into a file of its own.
    pub(super) password: Option<&'a str>,
}

/// The account, if it can be used, and what is missing or wrong.
pub(super) fn of<'a>(
    settings: &'a Settings,
    secrets: &'a Secrets,
) -> (Option<ErpAccount<'a>>, Option<Text<&'static str>>) {
    let data = &settings.own.data;
    let (url, given) = (data.erp_url.as_deref(), data.erp_user.as_deref());
    let (Some(url), Some(user)) = (url, given.or(secrets.erp_user.as_deref())) else {
        return (
            None,
            match (url, given) {
                (Some(_), None) => Some(words::ERP_WITHOUT_USER),
                (None, Some(_)) => Some(words::ERP_WITHOUT_URL),
                _ => None,
            },
        );
    };
    if url.starts_with("http:") && !is_http_allowed(settings) {
        return (None, Some(words::ERP_IN_CLEARTEXT));
    }
    let password = secrets.erp_password.as_deref();
    (Some(ErpAccount { url, user, password }), password.is_none().then_some(words::ERP_WITHOUT_PASSWORD))
}

fn is_http_allowed(settings: &Settings) -> bool {
    let key = erp::Settings::allow_http().key.path;
    settings.other.iter().any(|(path, value)| *path == key && value == "true")
}
