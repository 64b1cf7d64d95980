//! The wireless network: the configuration of `wpa_supplicant` (see its `wpa_supplicant.conf(5)`).

use std::path::PathBuf;

use crate::machine::Places;

/// Whether this image can do Wi-Fi at all.
pub(super) fn is_there(places: &Places) -> bool {
    ["usr/sbin/wpa_supplicant", "sbin/wpa_supplicant"].iter().any(|path| places.root().join(path).exists())
}

/// Where its configuration is; there is none without a wireless network.
pub(super) fn path(places: &Places) -> PathBuf {
    places.root().join("etc/wpa_supplicant/wpa_supplicant.conf")
}

/// The configuration for one network, with WPA2 or WPA3.
pub(super) fn configuration(ssid: &str, passphrase: Option<&str>) -> String {
    // In hexadecimal an SSID may hold anything; a passphrase ends at the line's last quotation mark, and is ASCII.
    let key = match passphrase {
        Some(passphrase) => format!("key_mgmt=WPA-PSK WPA-PSK-SHA256 SAE\n\tieee80211w=1\n\tpsk=\"{passphrase}\""),
        None => "key_mgmt=NONE".to_owned(),
    };
    format!("update_config=0\nnetwork={{\n\tssid={}\n\tscan_ssid=1\n\t{key}\n}}\n", hex::encode(ssid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_passphrases_are_written_as_they_are_read() {
        let text = configuration("Línea \"1\"", Some("a\"b\\c d#123"));
        assert!(text.contains("\tssid=4cc3ad6e656120223122\n"), "{text}");
        assert!(text.contains("\tpsk=\"a\"b\\c d#123\"\n"), "{text}");
        assert!(configuration("x", None).contains("key_mgmt=NONE"));
    }
}
