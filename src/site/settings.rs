//! What the configuration says of the site.

use std::path::PathBuf;

use crate::schema::{header, integer, key, optional, path, settings};

settings! {
    /// What is served.
    #[derive(Clone, Debug)]
    #[cfg_attr(test, derive(PartialEq))]
    pub(crate) struct Settings {
        dir: Option<PathBuf> = optional("site.dir", path(), "/srv/display",
            "Directorio que se sirve en lugar de la pantalla incluida.",
            "Directory that is served instead of the built-in display.");
        max_files: usize = key("site.max_files", integer(1, 1_000_000), "20000",
            "Archivos que puede tener ese directorio, como máximo. Cada uno ocupa unos 3 KiB de memoria.",
            "Files that directory may hold at most. Each takes about 3 KiB of memory.");
        max_size_mib: u64 = key("site.max_size_mib", integer(1, 16_777_216), "16384",
            "MiB que puede ocupar ese directorio, como máximo. Los archivos grandes, como las películas, se leen del disco.",
            "MiB that directory may hold at most. Large files, such as films, are read from the disk.");
        content_security_policy: Option<String> = optional("site.content_security_policy", header(), "default-src 'self'",
            "Política Content-Security-Policy de las páginas del sitio; sin ella, o vacía, no se envía ninguna. El programa de screens.agent necesita 'self' en script-src y connect-src, y en media-src con screens.keep_awake.",
            "Content-Security-Policy of the site's pages; without it, or empty, none is sent. The program of screens.agent needs 'self' in script-src and connect-src, and in media-src with screens.keep_awake.");
    }
}
