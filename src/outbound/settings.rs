//! What the configuration says of what the box fetches.

use std::path::PathBuf;

use crate::schema::{destinations, optional, path, proxy, settings};

settings! {
    /// How the box reaches others. What gives no proxy, or no destinations without one, leaves it to the environment.
    #[derive(Clone, Debug)]
    #[cfg_attr(test, derive(PartialEq))]
    pub(crate) struct Keys {
        ca_file: Option<PathBuf> = optional("outbound.ca_file", path(), "/etc/workshop-edge/ca.pem",
            "Autoridades de certificación en PEM que valen, además de las de la web, para todo lo que el equipo pide a otros.",
            "Certification authorities in PEM that hold, besides those of the web, for all that the box fetches from others.");
        proxy: Option<String> = optional("proxy.url", proxy(), "http://proxy.empresa.example:3128",
            "Proxy por el que sale a internet. Sin valor: el de las variables HTTPS_PROXY, HTTP_PROXY y ALL_PROXY, si lo hay.",
            "Proxy that leads to the internet. Without a value: that of the variables HTTPS_PROXY, HTTP_PROXY and ALL_PROXY, if any.");
        no_proxy: Option<Vec<String>> = optional("proxy.no_proxy", destinations(), "erp.empresa.example,.local,10.0.0.0/8",
            "Lo que se pide sin proxy: nombres (con todos los que acaban en ellos), direcciones IP, redes, o * para todo. Sin valor: la variable NO_PROXY.",
            "What is fetched without the proxy: names (and all that end in them), IP addresses, networks, or * for everything. Without a value: the variable NO_PROXY.");
        credentials_file: Option<PathBuf> = optional("proxy.credentials_file", path(), "/etc/workshop-edge/proxy-credentials",
            "Archivo con usuario:contraseña del proxy en su primera línea.",
            "File with user:password for the proxy on its first line.");
    }
}
