//! What a screen is, by its user agent.
//!
//! A table of our own. Of the crates that are kept, `woothee` 0.13 has no word of Tizen or webOS, and `uaparser` 0.6 compiles
//! the regular expressions of a YAML file when the program starts, by a parser of YAML that is deprecated; neither tells
//! the year of a TV.

use serde::Serialize;

use super::text::cut;

/// Characters of a user agent.
const MAX_AGENT: usize = 300;
/// Characters of a brand that the user agent itself gives.
const MAX_BRAND: usize = 40;

/// What a screen is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub(crate) struct Device {
    /// Who made it, or its system, such as `Samsung Tizen`; `None` where that is not known.
    pub(crate) brand: Option<String>,
    /// The year of the models that came with its system; `None` where that does not tell. A TV may have got a newer
    /// system since.
    pub(crate) year: Option<u16>,
    /// The engine of its browser with its version, such as `Chromium 94`.
    pub(crate) engine: Option<String>,
    /// The user agent as it came: at most 300 characters, without what is not seen.
    pub(crate) user_agent: String,
}

/// Versions of Tizen: the year of the models that came with it, and the version of their Chromium.
const TIZEN: &[(&str, u16, Option<u32>)] = &[
    ("2.3", 2015, None),
    ("2.4", 2016, None),
    ("3.0", 2017, Some(47)),
    ("4.0", 2018, Some(56)),
    ("5.0", 2019, Some(63)),
    ("5.5", 2020, Some(69)),
    ("6.0", 2021, Some(76)),
    ("6.5", 2022, Some(85)),
    ("7.0", 2023, Some(94)),
    ("8.0", 2024, Some(108)),
    ("9.0", 2025, Some(120)),
];

/// The year of the models of webOS by the version of their Chromium. Those of 2018 and 2019 have the same.
const WEBOS: &[(u32, u16)] =
    &[(38, 2017), (53, 2018), (68, 2020), (79, 2021), (87, 2022), (94, 2023), (108, 2024), (120, 2025)];

/// Brands by a word of their user agents, the first that is found: TVs, then systems.
const BRANDS: &[(&str, &str)] = &[
    ("VIDAA", "Hisense VIDAA"),
    ("Hisense", "Hisense"),
    ("VIERA", "Panasonic Viera"),
    ("Viera", "Panasonic Viera"),
    ("PHILIPSTV", "Philips"),
    ("PhilipsTV", "Philips"),
    ("NETTV/", "Philips"),
    ("BRAVIA", "Sony Bravia"),
    ("SonyDTV", "Sony Bravia"),
    ("AQUOS", "Sharp Aquos"),
    ("NetCast", "LG NetCast"),
    ("Maple", "Samsung"),
    ("MiTV", "Xiaomi Android TV"),
    ("MIBOX", "Xiaomi Android TV"),
    ("Chromecast", "Google TV"),
    ("CrKey", "Google TV"),
    ("Google TV", "Google TV"),
    ("GoogleTV", "Google TV"),
    ("Android TV", "Android TV"),
    ("AndroidTV", "Android TV"),
    ("Roku", "Roku"),
    ("AppleTV", "Apple TV"),
    ("Xbox", "Xbox"),
    ("PlayStation", "PlayStation"),
];

/// Systems of computers, tablets and phones, where nothing tells of a TV.
const SYSTEMS: &[(&str, &str)] = &[
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
];

/// Engines by the word before their version, the first that is found.
const ENGINES: &[(&str, &str)] = &[
    ("Edge/", "EdgeHTML"),
    ("Chrome/", "Chromium"),
    ("Chromium/", "Chromium"),
    ("Firefox/", "Gecko"),
    ("Presto/", "Presto"),
    ("AppleWebKit/", "WebKit"),
    ("AppleWebkit/", "WebKit"),
];

impl Device {
    /// By the `User-Agent` field of its browser.
    pub(super) fn of(user_agent: &str) -> Self {
        let user_agent = cut(user_agent, MAX_AGENT);
        let text = user_agent.as_str();
        let (brand, year, engine) = if let Some(version) = after(text, "Tizen ") {
            tizen(text, version)
        } else if text.contains("Web0S") || text.contains("webOS") {
            let chromium = after(text, "Chrome/").and_then(number);
            let year = WEBOS.iter().find(|(version, _)| Some(*version) == chromium).map(|(_, year)| *year);
            (Some("LG webOS".to_owned()), year, engine(text))
        } else {
            let brand = fire_tv(text).or_else(|| named(BRANDS, text)).or_else(|| hbbtv(text));
            let year = after(text, "VIERA ").and_then(number).and_then(|year| u16::try_from(year).ok());
            let year = year.filter(|year| (2010..2100).contains(year));
            (brand.or_else(|| named(SYSTEMS, text)), year, engine(text))
        };
        Self { brand, year, engine, user_agent }
    }
}

/// Samsung's browser gives the version of its engine in a way of its own, or not at all.
fn tizen(text: &str, version: &str) -> (Option<String>, Option<u16>, Option<String>) {
    let known = TIZEN.iter().find(|(known, ..)| {
        version.strip_prefix(known).is_some_and(|rest| !rest.starts_with(|sign: char| sign.is_ascii_digit()))
    });
    let by_tizen = known.and_then(|(_, _, chromium)| *chromium).map(|version| format!("Chromium {version}"));
    let engine = match after(text, "Chrome/").and_then(number) {
        Some(version) => Some(format!("Chromium {version}")),
        None => by_tizen.or_else(|| engine(text)),
    };
    (Some("Samsung Tizen".to_owned()), known.map(|(_, year, _)| *year), engine)
}

/// The models of Amazon's begin with `AFT`.
fn fire_tv(text: &str) -> Option<String> {
    let mut models = text.split([';', '(', ')', '/']).map(str::trim);
    models.any(|model| model.starts_with("AFT") && model.len() <= 20).then(|| "Amazon Fire TV".to_owned())
}

/// The vendor in a TV's `HbbTV/1.4.1 (capabilities; vendor; model; …)` (ETSI TS 102 796 section 7.3.2.4).
fn hbbtv(text: &str) -> Option<String> {
    let vendor = after(text, "HbbTV/")?.split_once('(')?.1.split([';', ')']).nth(1)?;
    let vendor = cut(vendor, MAX_BRAND);
    (!vendor.is_empty()).then_some(vendor)
}

fn named(table: &[(&str, &str)], text: &str) -> Option<String> {
    table.iter().find(|(word, _)| text.contains(word)).map(|(_, name)| (*name).to_owned())
}

fn engine(text: &str) -> Option<String> {
    ENGINES.iter().find_map(|(word, name)| Some(format!("{name} {}", number(after(text, word)?)?)))
}

fn after<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    text.split_once(word).map(|(_, rest)| rest)
}

/// The number with which a text begins.
fn number(text: &str) -> Option<u32> {
    text.split(|sign: char| !sign.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(user_agent: &str) -> String {
        let Device { brand, year, engine, .. } = Device::of(user_agent);
        let year = year.map_or("-".to_owned(), |year| year.to_string());
        format!("{} / {year} / {}", brand.unwrap_or("-".into()), engine.unwrap_or("-".into()))
    }

    /// As their makers publish them.
    #[test]
    fn tvs_are_known_by_their_agents() {
        for (agent, expected) in [
            (
                "Mozilla/5.0 (SMART-TV; Linux; Tizen 2.4.0) AppleWebkit/538.1 (KHTML, like Gecko) SamsungBrowser/1.1 TV Safari/538.1",
                "Samsung Tizen / 2016 / WebKit 538",
            ),
            (
                "Mozilla/5.0 (SMART-TV; LINUX; Tizen 3.0) AppleWebKit/538.1 (KHTML, like Gecko) Version/3.0 TV Safari/538.1",
                "Samsung Tizen / 2017 / Chromium 47",
            ),
            (
                "Mozilla/5.0 (SMART-TV; LINUX; Tizen 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Version/5.0 TV Safari/537.36",
                "Samsung Tizen / 2019 / Chromium 63",
            ),
            (
                "Mozilla/5.0 (SMART-TV; LINUX; Tizen 5.5) AppleWebKit/537.36 (KHTML, like Gecko) 69.0.3497.106.1/5.5 TV Safari/537.36",
                "Samsung Tizen / 2020 / Chromium 69",
            ),
            (
                "Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.5) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/4.0 Chrome/85.0.4183.93 TV Safari/537.36",
                "Samsung Tizen / 2022 / Chromium 85",
            ),
            (
                "Mozilla/5.0 (SMART-TV; LINUX; Tizen 12.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 TV Safari/537.36",
                "Samsung Tizen / - / Chromium 150",
            ),
            (
                "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/38.0.2125.122 Safari/537.36 WebAppManager",
                "LG webOS / 2017 / Chromium 38",
            ),
            (
                "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0.4606.128 Safari/537.36 WebAppManager",
                "LG webOS / 2023 / Chromium 94",
            ),
            (
                "Mozilla/5.0 (Linux; Android 9; AFTS Build/PS7233) AppleWebKit/537.36 (KHTML, like Gecko) Silk/112.5.1 like Chrome/112.0.5615.213 Safari/537.36",
                "Amazon Fire TV / - / Chromium 112",
            ),
            (
                "Mozilla/5.0 (Linux; Android 12; Chromecast) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
                "Google TV / - / Chromium 120",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; BRAVIA 4K UR2 Build/QTG3.200305.006) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.4844.73 Safari/537.36",
                "Sony Bravia / - / Chromium 99",
            ),
            (
                "Mozilla/5.0 (Linux; U; Linux) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/88.0.4324.182 Safari/537.36 VIDAA/6.0(Hisense;SmartTV;55U7H;MTK9602/V0000.07.00)",
                "Hisense VIDAA / - / Chromium 88",
            ),
            ("Mozilla/5.0 (FreeBSD; Viera; rv:34.0) Gecko/20100101 Firefox/34.0", "Panasonic Viera / - / Gecko 34"),
            (
                "Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/77.0.3865.90 Safari/537.36 HbbTV/1.5.1 (+DRM;Panasonic;VIERA 2020;3.207;0071-3103;)",
                "Panasonic Viera / 2020 / Chromium 77",
            ),
            (
                "Mozilla/5.0 (Linux armv7l) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/53.0.2785.143 Safari/537.36 OPR/40.0 OMI/4.9 Model/TPVision-PHILIPSTV",
                "Philips / - / Chromium 53",
            ),
            (
                "Mozilla/5.0 (Linux) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/84.0.4147.125 Safari/537.36 HbbTV/1.4.1 (+DRM; Loewe; bild 3; 5.1)",
                "Loewe / - / Chromium 84",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
                "Linux / - / Chromium 142",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Windows / - / Gecko 140",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
                "iPhone / - / WebKit 605",
            ),
            ("curl/8.5.0", "- / - / -"),
            ("", "- / - / -"),
        ] {
            assert_eq!(shown(agent), expected, "{agent}");
        }
    }

    #[test]
    fn an_unknown_agent_is_shown_as_it_is_within_bounds() {
        assert_eq!(Device::of("Pantalla\u{202e}\u{7}/1").user_agent, "Pantalla/1");
        let long = format!("HbbTV/1 (;{}", "ñ".repeat(400));
        let device = Device::of(&long);
        assert_eq!(device.user_agent.chars().count(), MAX_AGENT);
        assert_eq!(device.brand.expect("a vendor").chars().count(), MAX_BRAND);
    }

    proptest! {
        #[test]
        fn no_agent_breaks_the_reader(text in "\\PC{0,80}", words in "(Tizen |Chrome/|HbbTV/|\\(|;|VIERA |AFT|[0-9.]{1,12}| ){0,12}") {
            for agent in [text, words] {
                let device = Device::of(&agent);
                prop_assert_eq!(&Device::of(&device.user_agent), &device);
            }
        }
    }
}
