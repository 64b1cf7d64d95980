//! The link to the ERP on the wire.

use serde::{Deserialize, Serialize};

use crate::lang::{Text, Texts};

/// How the figures of the ERP come, and who sees them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Erp {
    /// How the link is.
    pub(crate) state: ErpState,
    /// For how many seconds it has been so.
    pub(crate) since_s: u64,
    /// Why it is away, in a word.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) reason: Option<String>,
    /// The same in sentences, and what to do.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) text: Option<Text>,
    /// Whose figures they are; absent until the first login.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) account: Option<ErpAccount>,
    /// The age of the oldest part of them; absent while there are none, or no clock can tell.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) oldest_s: Option<u64>,
    /// Screens that follow them now.
    pub(crate) viewers: u64,
    /// What a person should know that is no fault of the link.
    #[serde(skip_serializing_if = "is_empty", default)]
    pub(crate) notices: Texts,
}

/// Whose figures they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ErpAccount {
    /// As the ERP calls it: `OPERATOR`.
    pub(crate) role: String,
    /// The workshop's name.
    pub(crate) workshop: String,
}

/// How the link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ErpState {
    /// Nothing has come yet, and nothing failed.
    Starting,
    /// Answers come.
    Up,
    /// Answers come, but take long.
    Slow,
    /// None come, or none that count.
    Away,
    /// A value that a newer version has written.
    #[serde(other)]
    Other,
}

fn is_empty(texts: &Texts) -> bool {
    texts.0.is_empty()
}

impl Erp {
    /// Whether only time has passed since the other.
    pub(super) fn is_about(&self, other: &Self) -> bool {
        let Self { state, since_s: _, reason, text, account, oldest_s: _, viewers, notices } = self;
        (state, reason, text, account, viewers, notices)
            == (&other.state, &other.reason, &other.text, &other.account, &other.viewers, &other.notices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_it_is_away_is_on_the_wire_and_not_said_twice() {
        let text = Text::new("El ERP no contesta a tiempo.", "The ERP does not answer in time.");
        let away = Erp {
            state: ErpState::Away,
            since_s: 300,
            reason: Some("timeout".into()),
            text: Some(text),
            account: None,
            oldest_s: None,
            viewers: 0,
            notices: Texts::default(),
        };
        let json = serde_json::to_value(&away).expect("serialised");
        assert_eq!(
            json,
            serde_json::json!({
                "state": "away",
                "since_s": 300,
                "reason": "timeout",
                "text": { "es": "El ERP no contesta a tiempo.", "en": "The ERP does not answer in time." },
                "viewers": 0
            })
        );
        assert_eq!(serde_json::from_value::<Erp>(json).expect("read back"), away);
        let words: Vec<_> = away.words().into_iter().map(|text| text.es).collect();
        assert_eq!(words, ["No llegan datos desde hace 5 min.", "Pantallas en directo: 0"]);
    }
}
