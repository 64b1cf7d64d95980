//! The settings, valid as a whole.

use std::net::IpAddr;

use crate::lang::Lang;
use crate::schema::{
    HostAddress, host_address, integer, ip, ips, key, names, optional, settings, ssh_key, switch, text,
    wifi_passphrase, zone_name,
};
use crate::update::Channel;
use crate::window::{Days, Hours};
use crate::{discovery, display, erp, update};

/// All that a technician says of a box.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    /// What the file says by keys of its own.
    pub(crate) own: OwnKeys,
    /// Other keys of `config.toml`, each with its value in TOML.
    pub(crate) other: Vec<(&'static str, String)>,
}

settings! {
    /// The keys of the file itself. What `config.toml` has, too, is declared by the room that takes it.
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct OwnKeys {
        name: String = discovery::Settings::name().named("name").described(
            "Nombre del equipo en la red: con \"taller\", http://taller.local/",
            "Name of the box on the network: with \"taller\", http://taller.local/");
        language: Lang = display::Settings::language().named("language").described(
            "Idioma de la pantalla: es o en.",
            "Language of the display: es or en.");
        title: String = display::Settings::title();
        line: String = display::Settings::line();
        time_zone: Option<String> = optional("time_zone", zone_name(), "Europe/Madrid",
            "Zona horaria.",
            "Time zone.");
        ..network: Network;
        ..wifi: Wifi;
        ..data: Data;
        ..updates: Updates;
        ..access: Access;
    }
}

settings! {
    /// The wired network.
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct Network {
        address: HostAddress = key("network.address", host_address(), HostAddress::DHCP,
            "Dirección en la red de cable: \"dhcp\", o una fija con su red, como \"192.168.1.50/24\".",
            "Address on the wired network: \"dhcp\", or a fixed one with its network, as \"192.168.1.50/24\".")
            .with_example("192.168.1.50/24");
        gateway: Option<IpAddr> = optional("network.gateway", ip(), "192.168.1.1",
            "Puerta de enlace (router), solo con una dirección fija.",
            "Gateway (router), only with a fixed address.");
        dns: Option<Vec<IpAddr>> = optional("network.dns", ips(), "192.168.1.1,9.9.9.9",
            "Servidores de nombres. Con una dirección fija hacen falta para las actualizaciones.",
            "Name servers. With a fixed address, updates need them.");
        ntp: Option<Vec<String>> = optional("network.ntp", names(), "192.168.1.1",
            "Servidores de hora, si no valen los que da la red.",
            "Time servers, if those that the network gives do not do.");
        vlan: Option<u16> = optional("network.vlan", integer(1, 4094), "20",
            "VLAN (802.1Q), si la red la pide.",
            "VLAN (802.1Q), if the network wants one.");
        interface: Option<String> = optional("network.interface", text(15), "enp2s0",
            "Tarjeta de red a la que se aplica lo anterior, si hay varias. Sin valor: todas las de cable.",
            "Network card that the above is for, if there are several. Without a value: all wired ones.");
    }
}

settings! {
    /// The wireless network.
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct Wifi {
        /// 1 to 32 bytes.
        ssid: Option<String> = optional("wifi.ssid", text(32), "Taller",
            "Nombre de la red Wi-Fi (solo con la imagen con Wi-Fi). La contraseña va en secrets.txt: véase al final.",
            "Name of the Wi-Fi network (only with the image with Wi-Fi). Passphrase in secrets.txt: see the end.");
    }
}

settings! {
    /// What the displays show, and how many there are.
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct Data {
        erp_url: Option<String> = erp::Settings::url().described(
            "Dirección del ERP, con su prefijo si lo tiene. Sin valor: la que se dé en la página de administración.",
            "Address of the ERP, with its prefix if it has one. Without a value: the one given on the administration's page.");
        erp_user: Option<String> = erp::Settings::user().described(
            "Correo de la cuenta del equipo en el ERP. La contraseña va en secrets.txt: véase al final.",
            "E-mail of the box's account at the ERP. The password goes to secrets.txt: see the end.");
        screens: Option<u32> = optional("screens", integer(1, 1000), "4",
            "Cuántos televisores deben mostrar la pantalla.",
            "How many TVs are to show the display.");
    }
}

settings! {
    /// How the program is kept up to date. `None` leaves what the program itself says.
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct Updates {
        enabled: bool = update::Settings::enabled().described(
            "Si el equipo se actualiza: true (sí) o false (no).",
            "Whether the box updates itself: true or false.");
        channel: Channel = update::Settings::channel().described(
            "Canal de las actualizaciones: stable, o staging para probarlas antes que los demás.",
            "Channel of the updates: stable, or staging to try them before the others.");
        url: Option<String> = update::Settings::url().described(
            "Dirección del repositorio de versiones, si no es la del programa.",
            "Address of the release bucket, if it is not the program's.");
        hours: Option<Hours> = update::Settings::hours().described(
            "Horas en las que puede cambiar de versión. Sin valor: a cualquier hora.",
            "Hours at which the version may change. Without a value: at any hour.");
        days: Option<Days> = update::Settings::days().without_default().with_example("mon,tue,wed,thu,fri").described(
            "Días en los que empiezan esas horas. Sin valor: todos.",
            "Days on which those hours begin. Without a value: all.");
    }
}

settings! {
    /// How the box is administered.
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct Access {
        https: bool = key("https", switch(), "true",
            "Si se sirve también por HTTPS, que hace falta para administrar el equipo desde un navegador.",
            "Whether HTTPS is served too; administering the box from a browser needs it.");
        ssh_key: Option<String> = optional("ssh.key", ssh_key(),
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f tecnico",
            "Clave pública con la que un técnico puede entrar por SSH. Sin valor: nadie puede.",
            "Public key with which a technician may log in by SSH. Without a value: nobody may.");
    }
}

settings! {
    /// The secrets, which a finder of the stick must not read.
    #[derive(Clone, Default, PartialEq, Eq)]
    pub(crate) struct Secrets {
        wifi_passphrase: Option<String> = optional("wifi.passphrase", wifi_passphrase(), "palabra larga y secreta",
            "Contraseña de la red Wi-Fi.",
            "Passphrase of the Wi-Fi network.");
        /// Without a colon (RFC 7617 section 2).
        proxy_user: Option<String> = optional("proxy.user", text(128), "taller",
            "Cuenta del equipo en el proxy, si la pide.",
            "The box's account at the proxy, if that wants one.");
        proxy_password: Option<String> = optional("proxy.password", text(128), "palabra larga y secreta",
            "Su contraseña.",
            "Its password.");
        /// Where those have it that were written for an earlier version; `erp.user` of the settings counts before it.
        erp_user: Option<String> = optional("erp.user", text(128), "pantalla@empresa.example",
            "Cuenta del equipo en el ERP, si no está en workshop-edge.txt.",
            "The box's account at the ERP, unless it is in workshop-edge.txt.");
        erp_password: Option<String> = optional("erp.password", text(128), "palabra larga y secreta",
            "Contraseña de la cuenta del equipo en el ERP (erp.user de workshop-edge.txt).",
            "Password of the box's account at the ERP (erp.user of workshop-edge.txt).");
    }
}

/// Never with a secret.
impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    /// With what newer ones say, and what they do not say as it was.
    pub(super) fn renewed(self, newer: Self) -> Self {
        Self {
            wifi_passphrase: newer.wifi_passphrase.or(self.wifi_passphrase),
            proxy_user: newer.proxy_user.or(self.proxy_user),
            proxy_password: newer.proxy_password.or(self.proxy_password),
            erp_user: newer.erp_user.or(self.erp_user),
            erp_password: newer.erp_password.or(self.erp_password),
        }
    }

    /// What the proxy wants to hear, `user:password`.
    pub(super) fn proxy_credentials(&self) -> Option<String> {
        Some(format!("{}:{}", self.proxy_user.as_deref()?, self.proxy_password.as_deref()?))
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
