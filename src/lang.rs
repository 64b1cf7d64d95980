//! The two languages of everything a person reads: Spanish and English.
//!
//! The language comes from the environment in the order that POSIX gives (`LC_ALL`, `LC_MESSAGES`, `LANG`; an empty
//! variable counts as absent). Anything but Spanish is answered in English.

use std::borrow::Borrow;
use std::ffi::OsString;

use serde::{Deserialize, Serialize};

/// A language that the appliance speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lang {
    /// Spanish.
    Es,
    /// English.
    En,
}

impl Lang {
    /// The codes of all languages, as [`Lang::code`] gives them.
    pub(crate) const CODES: &'static [&'static str] = &["es", "en"];

    /// The language that the process's environment asks for.
    #[must_use]
    pub fn from_env() -> Self {
        Self::from_vars(|name| std::env::var_os(name))
    }

    /// The language that a set of locale variables asks for, by name.
    fn from_vars(var: impl Fn(&str) -> Option<OsString>) -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(var).find(|value| !value.is_empty());
        let spanish = locale.is_some_and(|value| {
            let language = value.to_string_lossy();
            let language = language.split(['_', '.', '@', '-']).next().unwrap_or_default();
            language.eq_ignore_ascii_case("es")
                || language.eq_ignore_ascii_case("spa")
                || language.eq_ignore_ascii_case("spanish")
        });
        if spanish { Self::Es } else { Self::En }
    }

    /// The one of two things that is meant for this language.
    #[must_use]
    pub(crate) fn pick<T>(self, es: T, en: T) -> T {
        match self {
            Self::Es => es,
            Self::En => en,
        }
    }

    /// The language with this two-letter code.
    #[must_use]
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        match code {
            "es" => Some(Self::Es),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The language that a browser prefers by the fields of its Accept-Language (RFC 9110 section 12.5.4); `None` when it names
    /// none that is spoken here.
    #[must_use]
    pub(crate) fn preferred<'a>(fields: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut best = None;
        for range in fields.into_iter().flat_map(|field| field.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let language = parts.next().unwrap_or_default().split('-').next().unwrap_or_default();
            let Some(lang) = Self::from_code(&language.to_ascii_lowercase()) else { continue };
            let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            let weight = weight.map_or(1.0, |weight| weight.trim().parse::<f32>().unwrap_or(0.0));
            // The first of equals, as browsers list them.
            if weight > best.map_or(0.0, |(weight, _)| weight) {
                best = Some((weight, lang));
            }
        }
        best.map(|(_, lang)| lang)
    }

    /// The two-letter code of the language (ISO 639-1), as `display.language` and HTML's `lang` write it.
    #[must_use]
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Es => "es",
            Self::En => "en",
        }
    }
}

/// One text for people in both languages: the only form in which texts leave a room. `Text<&'static str>` is fixed copy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Text<S = String> {
    /// Spanish.
    pub(crate) es: S,
    /// English.
    pub(crate) en: S,
}

impl Text<&'static str> {
    /// Copy without anything to fill in.
    #[must_use]
    pub(crate) const fn fixed(es: &'static str, en: &'static str) -> Self {
        Self { es, en }
    }
}

impl<S: AsRef<str>> Text<S> {
    /// The text in one language.
    #[must_use]
    pub(crate) fn pick(&self, lang: Lang) -> &str {
        lang.pick(self.es.as_ref(), self.en.as_ref())
    }

    /// Writes the same around both.
    #[must_use]
    pub(crate) fn map(&self, write: impl Fn(&str) -> String) -> Text {
        Text { es: write(self.es.as_ref()), en: write(self.en.as_ref()) }
    }
}

impl From<Text<&str>> for Text {
    fn from(Text { es, en }: Text<&str>) -> Self {
        Self::new(es, en)
    }
}

impl Text {
    /// A text of two parts of the same meaning.
    pub(crate) fn new(es: impl Into<String>, en: impl Into<String>) -> Self {
        Self { es: es.into(), en: en.into() }
    }

    /// What is the same in both languages, such as a number, a name, or an error chain, which is English.
    pub(crate) fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { es: text.clone(), en: text }
    }

    /// With a detail behind both, such as an error chain, which is English.
    pub(crate) fn about(es: &str, en: &str, detail: impl std::fmt::Display) -> Self {
        Self::new(format!("{es} {detail}"), format!("{en} {detail}"))
    }

    /// All of these, with the same between them.
    pub(crate) fn join(texts: impl IntoIterator<Item: Borrow<Self>>, between: &str) -> Self {
        let texts = texts.into_iter().map(|text| text.borrow().clone());
        let (es, en): (Vec<_>, Vec<_>) = texts.map(|Self { es, en }| (es, en)).unzip();
        Self { es: es.join(between), en: en.join(between) }
    }

    /// Appends another text, separated by a space.
    #[must_use]
    pub(crate) fn and(&self, more: &Self) -> Self {
        Self::new(format!("{} {}", self.es, more.es), format!("{} {}", self.en, more.en))
    }

    /// Appends another text as it is.
    #[must_use]
    pub(crate) fn then(mut self, more: &Self) -> Self {
        self.es += &more.es;
        self.en += &more.en;
        self
    }

    /// Its lines, each in both languages; the whole text where the languages differ in the number of lines.
    #[must_use]
    pub(crate) fn lines(&self) -> Vec<Self> {
        if self.es.lines().count() == self.en.lines().count() {
            self.es.lines().zip(self.en.lines()).map(|(es, en)| Self::new(es, en)).collect()
        } else {
            vec![self.clone()]
        }
    }
}

/// Several texts, written as one list for each language: `{"es": ["…"], "en": ["…"]}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Text<Vec<String>>", into = "Text<Vec<String>>")]
pub(crate) struct Texts(pub Vec<Text>);

impl From<Text<Vec<String>>> for Texts {
    fn from(Text { es, en }: Text<Vec<String>>) -> Self {
        Self(es.into_iter().zip(en).map(|(es, en)| Text { es, en }).collect())
    }
}

impl From<Texts> for Text<Vec<String>> {
    fn from(Texts(texts): Texts) -> Self {
        let (es, en) = texts.into_iter().map(|Text { es, en }| (es, en)).unzip();
        Self { es, en }
    }
}

/// Seconds in the two largest units: `3 d 4 h`.
#[must_use]
pub(crate) fn duration(seconds: u64) -> Text {
    let minutes = seconds / 60;
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => Text::new("menos de un minuto", "less than a minute"),
        (0, 0, minutes) => Text::same(format!("{minutes} min")),
        (0, hours, minutes) => Text::same(format!("{hours} h {minutes} min")),
        (days, hours, _) => Text::same(format!("{days} d {hours} h")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lang(vars: &[(&str, &str)]) -> Lang {
        Lang::from_vars(|name| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into()))
    }

    #[test]
    fn spanish_locales_are_recognised_and_the_rest_is_english() {
        for spanish in ["es", "es_ES.UTF-8", "es_MX", "ES_es", "es@euro", "es.UTF-8", "es-AR", "spanish"] {
            assert_eq!(lang(&[("LANG", spanish)]), Lang::Es, "{spanish}");
        }
        for english in ["", "C", "C.UTF-8", "POSIX", "en_GB.UTF-8", "de_DE", "est", "et_EE"] {
            assert_eq!(lang(&[("LANG", english)]), Lang::En, "{english}");
        }
        assert_eq!(lang(&[]), Lang::En);
    }

    #[test]
    fn the_browsers_preference_is_its_heaviest_language_that_is_spoken_here() {
        for (fields, lang) in [
            (&["es-ES,es;q=0.9,en;q=0.8"][..], Some(Lang::Es)),
            (&["en-US,en;q=0.9,es;q=0.8"], Some(Lang::En)),
            (&["fr, es;q=0.3, en ; q=0.7"], Some(Lang::En)),
            (&["ca", "ES"], Some(Lang::Es)),
            (&["es;q=0, en;q=0.1"], Some(Lang::En)),
            (&["es;q=0.5,en;q=0.5"], Some(Lang::Es)),
            (&["de,fr;q=0.5,*;q=0.1"], None),
            (&["est;q=1, enx"], None),
            (&["es;q=NaN", "en;q=x", ";;q=,"], None),
            (&[], None),
        ] {
            assert_eq!(Lang::preferred(fields.iter().copied()), lang, "{fields:?}");
        }
    }

    #[test]
    fn every_code_names_its_language() {
        for code in Lang::CODES {
            assert_eq!(Lang::from_code(code).map(Lang::code), Some(*code));
        }
        assert_eq!(Lang::from_code("fr"), None);
    }

    #[test]
    fn the_order_is_that_of_posix_and_empty_is_absent() {
        assert_eq!(lang(&[("LC_ALL", "es_ES"), ("LC_MESSAGES", "en_GB"), ("LANG", "en_GB")]), Lang::Es);
        assert_eq!(lang(&[("LC_ALL", ""), ("LC_MESSAGES", "es_ES"), ("LANG", "en_GB")]), Lang::Es);
        assert_eq!(lang(&[("LC_ALL", "C"), ("LANG", "es_ES")]), Lang::En);
        assert_eq!(lang(&[("LC_MESSAGES", ""), ("LANG", "es_ES")]), Lang::Es);
    }
}
