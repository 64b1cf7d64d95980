//! How worn the memory is that is built in: eMMC says it in its register `EXT_CSD` (JESD84-B51, 7.4.26 and 7.4.27), which the kernel shows in
//! files. An SD card has no such register.

use std::path::Path;

use super::sysfs::{numbered, text};

/// More than nine tenths of its life are used.
const NEARLY_WORN: u8 = 10;
/// Of the blocks that replace broken ones, 80 % are used.
const RESERVE_LOW: u8 = 2;

/// How worn a memory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wear {
    /// Tenths of its life that are used, rounded up; 11: more than all.
    tenths: u8,
    /// 1: normal, 2: 80 % of the reserve are used, 3: 90 %; 0 where it is not told.
    reserve: u8,
}

impl Wear {
    /// The part of its life that is used, in tenths, rounded up; 1.1: more than all.
    #[must_use]
    pub(crate) fn ratio(self) -> f64 {
        f64::from(self.tenths) / 10.0
    }

    /// Whether it should be replaced soon.
    #[must_use]
    pub(crate) fn is_high(self) -> bool {
        self.tenths >= NEARLY_WORN || self.reserve >= RESERVE_LOW
    }
}

/// Of the most worn memory.
pub(super) fn read(sys: &Path) -> Option<Wear> {
    let cards = numbered(&sys.join("block"), "mmcblk").into_iter();
    cards
        .filter_map(|card| {
            let tenths = text(&card.join("device/life_time"))?;
            // Two kinds of cells have a figure each; 0 is none.
            let tenths =
                tenths.split_whitespace().filter_map(hexadecimal).filter(|tenths| (1..=11).contains(tenths)).max()?;
            let reserve = text(&card.join("device/pre_eol_info")).as_deref().and_then(hexadecimal);
            Some(Wear { tenths, reserve: reserve.filter(|reserve| *reserve <= 3).unwrap_or_default() })
        })
        .max_by_key(|wear| (wear.is_high(), *wear))
}

fn hexadecimal(value: &str) -> Option<u8> {
    u8::from_str_radix(value.strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::super::sysfs::tree;
    use super::*;

    fn worn(files: &[(&str, &str)]) -> Option<(f64, bool)> {
        let sys = tempfile::tempdir().expect("a directory");
        tree(sys.path(), files);
        read(sys.path()).map(|wear| (wear.ratio(), wear.is_high()))
    }

    #[test]
    fn an_emmc_says_how_worn_it_is() {
        let emmc = |life, reserve| {
            worn(&[
                ("block/mmcblk0/device/life_time", life),
                ("block/mmcblk0/device/pre_eol_info", reserve),
                ("block/mmcblk0boot0/device/life_time", "0x0b 0x0b"),
            ])
        };
        assert_eq!(emmc("0x01 0x02", "0x01"), Some((0.2, false)));
        assert_eq!(emmc("0x09 0x00", "0x01"), Some((0.9, false)));
        assert_eq!(emmc("0x01 0x0a", "0x01"), Some((1.0, true)));
        assert_eq!(emmc("0x0b 0x01", "0x00"), Some((1.1, true)));
        assert_eq!(emmc("0x03 0x03", "0x02"), Some((0.3, true)), "its reserve is used up before its life");
        for (life, reserve) in [("0x00 0x00", "0x01"), ("0x0c 0xff", "0x01"), ("life", "0x01"), ("", "")] {
            assert_eq!(emmc(life, reserve), None, "{life}");
        }
    }

    #[test]
    fn the_most_worn_counts_and_an_sd_card_says_nothing() {
        assert_eq!(worn(&[("block/mmcblk0/device/type", "SD"), ("block/sda/device/model", "SSD")]), None);
        let two = worn(&[
            ("block/mmcblk0/device/life_time", "0x05 0x05"),
            ("block/mmcblk1/device/life_time", "0x02 0x01"),
            ("block/mmcblk1/device/pre_eol_info", "0x03"),
        ]);
        assert_eq!(two, Some((0.2, true)), "that which somebody has to replace");
    }
}
