//! What the configuration says of how the box is found.

use std::time::Duration;

use crate::schema::{key, label, optional, seconds, settings, switch, text};

settings! {
    /// How the box is found on the local network.
    #[derive(Clone, Debug)]
    #[cfg_attr(test, derive(PartialEq))]
    pub(crate) struct Settings {
        enabled: bool = key("discovery.enabled", switch(), "true",
            "Si el equipo se anuncia en la red local (mDNS y SSDP).",
            "Whether the box announces itself on the local network (mDNS and SSDP).");
        name: String = key("discovery.name", label(), "taller",
            "Nombre del equipo en la red local, sin .local; con otro equipo del mismo nombre pasa a ser taller-2.",
            "Name of the box on the local network, without .local; next to another box of that name it becomes taller-2.");
        interface: Option<String> = optional("discovery.interface", text(15), "eth0",
            "Interfaz de red en la que se anuncia. Sin valor: la de la ruta por defecto.",
            "Network interface to announce on. Without a value: that of the default route.");
        reclaim_after: Duration = key("discovery.reclaim_after_s", seconds(5, 86_400), "120",
            "Segundos que el nombre deseado debe estar libre antes de que un equipo renombrado lo recupere.",
            "Seconds that the wanted name must be free before a renamed box takes it back.");
    }
}
