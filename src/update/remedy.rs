//! What each kind of failure is, and what to do: a sentence for the person at the box.

use super::state::FaultKind;
use crate::lang::Text;

pub(super) const fn of(kind: FaultKind) -> Text<&'static str> {
    match kind {
        FaultKind::Unreachable => Text::fixed(
            "No se llega al repositorio de versiones: compruebe la conexión a internet.",
            "The release bucket cannot be reached: check the internet connection.",
        ),
        FaultKind::Blocked => Text::fixed(
            "Nada responde en la dirección del repositorio de versiones, como cuando lo impide un cortafuegos: si la red del taller sale a internet por un proxy, póngalo en proxy.url; si no, pida que permitan la salida a ese servidor.",
            "Nothing answers at the release bucket's address, as when a firewall is in the way: if the workshop's network has a proxy, set proxy.url; otherwise have that server allowed.",
        ),
        FaultKind::Server => Text::fixed(
            "El repositorio de versiones responde con un error: se vuelve a intentar. Si dura más de un día, avise al fabricante.",
            "The release bucket answers with an error: it is tried again. If it lasts more than a day, tell the maker.",
        ),
        FaultKind::Redirected => Text::fixed(
            "El servidor remite a otra dirección, y el equipo no la sigue: si es la nueva del repositorio de versiones, póngala en update.url; si es una página de acceso de la red, inicie sesión en ella.",
            "The server points to another address, which the box does not follow: if it is the release bucket's new one, set it in update.url; if it is the network's login page, log in there.",
        ),
        FaultKind::Altered => Text::fixed(
            "Algo en la red cambia lo que se descarga, como un filtro de contenidos o un proxy: pida que dejen pasar el repositorio de versiones sin tocarlo.",
            "Something in the network changes what is downloaded, such as a content filter or a proxy: have the release bucket let through untouched.",
        ),
        FaultKind::UnknownAuthority => Text::fixed(
            "Este equipo no conoce a la autoridad que firma el certificado del servidor: si la red inspecciona las conexiones cifradas, o el repositorio de versiones es de la empresa, ponga el certificado de su autoridad en outbound.ca_file.",
            "This box does not know the authority that signed the server's certificate: if the network inspects encrypted connections, or the release bucket is the company's own, set its authority's certificate in outbound.ca_file.",
        ),
        FaultKind::Certificate => Text::fixed(
            "El certificado del servidor no vale: compruebe la hora de este equipo y que update.url es correcta; si lo son, avise a quien lleva el repositorio de versiones.",
            "The server's certificate is not valid: check this box's clock and update.url; if both are right, tell whoever runs the release bucket.",
        ),
        FaultKind::ProxyUnreachable => Text::fixed(
            "No se llega al proxy de la red: compruebe proxy.url, o las variables HTTPS_PROXY y HTTP_PROXY, con quien lleva la red.",
            "The network's proxy cannot be reached: check proxy.url, or the variables HTTPS_PROXY and HTTP_PROXY, with whoever runs the network.",
        ),
        FaultKind::ProxyLogin => Text::fixed(
            "El proxy de la red pide usuario y contraseña, o no acepta los que tiene: póngalos en el archivo que indica proxy.credentials_file.",
            "The network's proxy wants a user and a password, or refuses those that it was given: write them into the file that proxy.credentials_file names.",
        ),
        FaultKind::ProxyRefused => Text::fixed(
            "El proxy de la red no deja llegar al repositorio de versiones: pida a quien lleva la red que lo permita.",
            "The network's proxy does not let the box reach the release bucket: have whoever runs the network allow it.",
        ),
        FaultKind::CaptivePortal => Text::fixed(
            "La red pide iniciar sesión para salir a internet: hágalo o avise al responsable de la red.",
            "The network wants a login before it lets anything out: log in, or tell whoever runs it.",
        ),
        FaultKind::Expired => Text::fixed(
            "La información del repositorio de versiones ha caducado: compruebe la hora de este equipo; si es correcta, avise al fabricante.",
            "What the bucket says has expired: check this box's clock; if it is right, tell the maker.",
        ),
        FaultKind::Stale => Text::fixed(
            "El repositorio de versiones muestra un estado anterior al que este equipo ya conoce, como hace un rato una caché intermedia: no se usa y se vuelve a intentar. Si dura más de diez minutos, avise al fabricante.",
            "The bucket shows an older state than this box knows already, as a cache on the way does for a while: it is not used, and tried again. If it lasts more than ten minutes, tell the maker.",
        ),
        FaultKind::Rollback => Text::fixed(
            "El repositorio de versiones ofrece algo más antiguo de lo que este equipo ya conoce: no se usa. Avise al fabricante.",
            "The bucket offers something older than this box knows already: it is not used. Tell the maker.",
        ),
        FaultKind::Untrusted => Text::fixed(
            "Las firmas del repositorio de versiones no son válidas: no se usa nada de él. Avise al fabricante.",
            "The bucket's signatures are not valid: nothing of it is used. Tell the maker.",
        ),
        FaultKind::Incomplete => Text::fixed(
            "El repositorio de versiones está incompleto; se vuelve a intentar.",
            "The bucket is incomplete; it is tried again.",
        ),
        FaultKind::Directory => Text::fixed(
            "En ese directorio no hay un repositorio de versiones completo: compruebe que la memoria USB está conectada y contiene metadata y targets.",
            "There is no whole release bucket in that directory: check that the USB stick is plugged in and holds metadata and targets.",
        ),
        FaultKind::Storage => {
            Text::fixed("No se puede guardar en el disco de este equipo.", "Nothing can be kept on this box's disk.")
        }
        FaultKind::DiskFull => Text::fixed(
            "No queda sitio en el disco de este equipo: libere espacio.",
            "There is no room left on this box's disk: free some.",
        ),
        FaultKind::NotWritable => Text::fixed(
            "Este equipo no puede escribir en su directorio de datos: está montado de solo lectura, o sus archivos son de otro usuario. Móntelo con escritura o devuelva los archivos a su dueño (chown).",
            "This box cannot write to its data directory: it is mounted read-only, or its files belong to another user. Mount it writable, or give the files back to their owner (chown).",
        ),
        FaultKind::NotExecutable => Text::fixed(
            "En el directorio de datos de este equipo no se puede ejecutar nada (noexec): móntelo sin esa opción, o ponga data_dir en otro sitio.",
            "Nothing may be executed from this box's data directory (noexec): mount it without that option, or set data_dir to another place.",
        ),
        FaultKind::Unfit => Text::fixed(
            "La versión descargada no funciona en este equipo: no se usa.",
            "The downloaded version does not work on this box: it is not used.",
        ),
        FaultKind::Busy => Text::fixed(
            "Ya hay otra actualización en curso en este equipo: espere a que termine.",
            "Another update is under way on this box: wait until it is done.",
        ),
        FaultKind::Other => Text::fixed(
            "La actualización ha fallado; se vuelve a intentar.",
            "The update has failed; it is tried again.",
        ),
    }
}
