//! The wireless network: the configuration of `wpa_supplicant` (see its `wpa_supplicant.conf(5)`).

use std::fmt::Write as _;
use std::num::NonZeroU32;
use std::path::PathBuf;

use ring::pbkdf2;

use crate::machine::Paths;

/// Of PBKDF2, as the standard has it.
const ROUNDS: NonZeroU32 = NonZeroU32::new(4096).unwrap();

/// Whether this image can do Wi-Fi at all.
pub(super) fn is_there(paths: &Paths) -> bool {
    ["usr/sbin/wpa_supplicant", "sbin/wpa_supplicant"].iter().any(|path| paths.root().join(path).exists())
}

/// Where its configuration is; there is none without a wireless network.
pub(super) fn path(paths: &Paths) -> PathBuf {
    paths.root().join("etc/wpa_supplicant/wpa_supplicant.conf")
}

/// The configuration for one network, with WPA2 or WPA3.
pub(super) fn configuration(ssid: &str, passphrase: Option<&str>) -> String {
    let key = match passphrase {
        Some(passphrase) => format!(
            "key_mgmt=WPA-PSK WPA-PSK-SHA256 SAE\n\tieee80211w=1\n\tpsk={}\n\tsae_password=P\"{}\"",
            hex::encode(pairwise_master_key(ssid, passphrase)),
            escaped(passphrase)
        ),
        None => "key_mgmt=NONE".to_owned(),
    };
    // In hexadecimal, an SSID may hold anything.
    format!("update_config=0\nnetwork={{\n\tssid={}\n\tscan_ssid=1\n\t{key}\n}}\n", hex::encode(ssid))
}

/// The key that WPA2 makes of a passphrase (IEEE 802.11-2020, annex J.4). As a passphrase between quotation marks, the file
/// could not hold one with a quotation mark and a `#`.
fn pairwise_master_key(ssid: &str, passphrase: &str) -> [u8; 32] {
    let mut key = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA1, ROUNDS, ssid.as_bytes(), passphrase.as_bytes(), &mut key);
    key
}

/// The passphrase itself, which WPA3 wants: whatever may mean something to the file is written as its code.
fn escaped(passphrase: &str) -> String {
    passphrase.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of IEEE 802.11-2020, annex J.4.2.
    #[test]
    fn the_key_is_that_of_the_standard() {
        for (passphrase, ssid, key) in [
            ("password", "IEEE", "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"),
            ("ThisIsAPassword", "ThisIsASSID", "0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af"),
        ] {
            assert_eq!(hex::encode(pairwise_master_key(ssid, passphrase)), key);
        }
    }

    #[test]
    fn names_and_passphrases_may_hold_anything() {
        let text = configuration("Línea \"1\"", Some("a\"b\\c d#1"));
        assert!(text.contains("\tssid=4cc3ad6e656120223122\n"), "{text}");
        assert!(text.contains("\tsae_password=P\"a\\x22b\\x5cc\\x20d\\x231\"\n"), "{text}");
        assert!(configuration("x", None).contains("key_mgmt=NONE"));
    }
}
