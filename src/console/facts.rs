//! What the box is and does, as labels and values: the same for the page, the summary and the screen.

use super::erp::ErpState;
use super::status::{Discovery, Serving, Status};
use super::words;
use crate::lang::{Lang, Text};

/// A label and its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    /// The same in both languages, for scripts.
    pub(super) key: &'static str,
    pub(super) label: &'static str,
    /// At least one.
    pub(super) values: Vec<String>,
    /// Whether somebody should look.
    pub(super) is_doubtful: bool,
}

/// The facts that there are, what matters most first. Both languages have the same ones in the same order.
pub(super) fn facts(status: &Status, lang: Lang) -> Vec<Fact> {
    let mut facts = Vec::with_capacity(8);
    // What the verdict above them does not know of cannot be doubtful below it.
    let is_at_fault = |key: &str| {
        let part = if matches!(key, "network" | "name") { "discovery" } else { key };
        status.health.faults.iter().any(|fault| fault.check == part)
    };
    let mut add = |key, label: Text<&'static str>, values: Vec<String>, is_doubtful: bool| {
        let is_doubtful = is_doubtful && is_at_fault(key);
        facts.push(Fact { key, label: lang.pick(label.es, label.en), values, is_doubtful });
    };
    if let Some(network) = network(status) {
        let is_doubtful = status.network.addresses.is_empty() || status.network.trouble.is_some();
        add("network", words::NETWORK, vec![network], is_doubtful);
    }
    if let Some(name) = &status.name {
        let mut values = vec![name.host()];
        values.extend(name.renamed().map(|text| text.pick(lang).to_owned()));
        // A fault of it is among the faults already.
        if matches!(status.discovery, Discovery::Off | Discovery::Starting) {
            values.push(status.discovery.words(&name.host()).pick(lang).to_owned());
        }
        add("name", words::NAME, values, status.discovery.is_doubtful());
    }
    if let Some(site) = &status.site {
        let is_doubtful = matches!(site.serving, Serving::LastGood | Serving::Nothing) || site.left_out > 0;
        add("site", words::DISPLAY, site.words(lang), is_doubtful);
    }
    if let Some(erp) = &status.erp {
        add("erp", words::ERP, erp.words(lang), erp.state == ErpState::Away);
        if let Some(account) = &erp.account {
            add("erp_account", words::ERP_ACCOUNT, vec![account.words(lang)], false);
        }
        if !erp.notices.0.is_empty() {
            add("erp_notices", words::ERP_NOTICES, erp.notices.pick(lang), false);
        }
    }
    let clock = &status.clock;
    add("clock", words::CLOCK, vec![clock.minute(), clock.trust().pick(lang).to_owned()], !clock.trusted);
    add("uptime", words::RUNNING_FOR, vec![status.uptime(lang)], false);
    let version = format!("{} ({}, {})", status.version, status.build.commit, status.build.target);
    let system = status.machine.as_ref().and_then(|machine| machine.os_version.as_ref());
    let system = system.map(|version| format!("{} {version}", words::SYSTEM.pick(lang)));
    add("version", words::VERSION, [version].into_iter().chain(system).collect(), false);
    if let Some(machine) = status.machine.as_ref().filter(|machine| !machine.notices.0.is_empty()) {
        add("machine", words::NOTICES, machine.notices.pick(lang), false);
    }
    if let Some(update) = &status.update {
        add("update", words::UPDATES, update.sentences.pick(lang), update.is_doubtful);
    }
    add("id", words::IDENTIFIER, vec![status.id.clone()], false);
    if let Some(disk) = status.disk {
        add("disk", words::DISK, vec![disk.words(lang)], false);
    }
    if let Some(https) = &status.https {
        let fingerprint = format!("SHA-256 {}", https.certificate_sha256);
        add("certificate", words::CERTIFICATE, vec![fingerprint], false);
    }
    facts
}

/// The interface and its addresses, as far as there are any.
fn network(status: &Status) -> Option<String> {
    let addresses: Vec<_> = status.network.addresses.iter().map(ToString::to_string).collect();
    let interface = status.network.interface.iter().cloned();
    let words: Vec<_> = interface.chain((!addresses.is_empty()).then(|| addresses.join(", "))).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

impl Discovery {
    pub(super) fn is_doubtful(&self) -> bool {
        match self {
            Self::Off | Self::Starting | Self::Resolvable | Self::Other => false,
            Self::NoNetwork | Self::Silent | Self::Conflict { .. } | Self::Failed { .. } => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::erp::Erp;
    use super::super::status::{Fault, Machine};
    use super::super::tests::sample;
    use super::*;
    use crate::health::Level;
    use crate::lang::Texts;

    #[test]
    fn both_languages_have_the_same_facts() {
        let (es, en) = (facts(&sample(), Lang::Es), facts(&sample(), Lang::En));
        assert_eq!(es.len(), 13);
        for (es, en) in es.iter().zip(&en) {
            assert_eq!((es.key, es.values.len(), es.is_doubtful), (en.key, en.values.len(), en.is_doubtful));
            assert_ne!(es.label, en.label);
        }
    }

    #[test]
    fn nothing_is_doubtful_that_the_verdict_does_not_know_of() {
        let doubtful = |status: &Status| {
            let facts = facts(status, Lang::Es).into_iter().filter(|fact| fact.is_doubtful);
            facts.map(|fact| fact.key).collect::<Vec<_>>()
        };
        let mut status = sample();
        assert!(!status.clock.trusted);
        assert_eq!(doubtful(&status), ["name"]);
        status.health.faults.clear();
        assert!(doubtful(&status).is_empty());
        status.erp = status.erp.map(|erp| Erp { state: ErpState::Away, ..erp });
        assert!(doubtful(&status).is_empty());
        let text = Text::new("no contesta", "no answer");
        status.health.faults = vec![Fault { check: "erp".into(), status: Level::Degraded, text }];
        assert_eq!(doubtful(&status), ["erp"]);
    }

    #[test]
    fn what_is_not_there_is_not_shown() {
        let mut status = sample();
        (status.name, status.disk, status.https) = (None, None, None);
        (status.update, status.site, status.erp) = (None, None, None);
        let keys: Vec<_> = facts(&status, Lang::Es).into_iter().map(|fact| fact.key).collect();
        assert_eq!(keys, ["network", "clock", "uptime", "version", "id"]);
        let machine = |notices| Some(Machine { os_version: Some("4.5.6".into()), notices: Texts(notices) });
        status.machine = machine(vec![]);
        let version = facts(&status, Lang::Es).into_iter().find(|fact| fact.key == "version").expect("the version");
        assert_eq!(version.values[1], "Sistema 4.5.6");
        assert!(facts(&status, Lang::Es).iter().all(|fact| fact.key != "machine"));
        status.machine = machine(vec![Text::new("a", "b")]);
        let fact = facts(&status, Lang::En).into_iter().find(|fact| fact.key == "machine").expect("the notices");
        assert_eq!(fact.values, ["b"]);
        status.machine = None;
        status.network.addresses.clear();
        assert_eq!(facts(&status, Lang::Es)[0].values, ["eth0"]);
        status.network.interface = None;
        assert_eq!(facts(&status, Lang::Es)[0].key, "clock");
    }
}
