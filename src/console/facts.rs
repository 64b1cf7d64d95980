//! What the box is and does, as labels and values: the same for the page, the summary and the screen.

use super::erp::ErpState;
use super::status::{Discovery, Serving, Status};
use super::words;
use crate::lang::Text;

/// A label and its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    /// The same in both languages, for scripts.
    pub(super) key: &'static str,
    pub(super) label: Text<&'static str>,
    /// At least one.
    pub(super) values: Vec<Text>,
    /// Whether somebody should look.
    pub(super) is_doubtful: bool,
}

/// The facts that there are, what matters most first.
pub(super) fn facts(status: &Status) -> Vec<Fact> {
    let mut facts = Vec::with_capacity(8);
    // What the verdict above them does not know of cannot be doubtful below it.
    let is_at_fault = |key: &str| {
        let part = if matches!(key, "network" | "name") { "discovery" } else { key };
        status.health.faults.iter().any(|fault| fault.check == part)
    };
    let mut add = |key, label, values, is_doubtful: bool| {
        facts.push(Fact { key, label, values, is_doubtful: is_doubtful && is_at_fault(key) });
    };
    if let Some(network) = network(status) {
        let is_doubtful = status.network.addresses.is_empty() || status.network.trouble.is_some();
        add("network", words::NETWORK, vec![Text::same(network)], is_doubtful);
    }
    if let Some(name) = &status.name {
        let mut values = vec![Text::same(name.host())];
        values.extend(name.renamed());
        // A fault of it is among the faults already.
        if matches!(status.discovery, Discovery::Off | Discovery::Starting) {
            values.push(status.discovery.words(&name.host()));
        }
        add("name", words::NAME, values, status.discovery.is_doubtful());
    }
    if let Some(site) = &status.site {
        let is_doubtful = matches!(site.serving, Serving::LastGood | Serving::Nothing) || site.left_out > 0;
        add("site", words::DISPLAY, site.words(), is_doubtful);
    }
    if let Some(screens) = &status.screens {
        add("screens", words::SCREENS, screens.words(), screens.is_short());
    }
    if let Some(erp) = &status.erp {
        add("erp", words::ERP, erp.words(), erp.state == ErpState::Away);
        if let Some(account) = &erp.account {
            add("erp_account", words::ERP_ACCOUNT, vec![account.words()], false);
        }
        if !erp.notices.0.is_empty() {
            add("erp_notices", words::ERP_NOTICES, erp.notices.0.clone(), false);
        }
    }
    let clock = &status.clock;
    add("clock", words::CLOCK, vec![Text::same(clock.minute()), clock.trust().into()], !clock.trusted);
    add("uptime", words::RUNNING_FOR, vec![status.uptime()], false);
    let version = format!("{} ({}, {})", status.version, status.build.commit, status.build.target);
    let system = status.machine.as_ref().and_then(|machine| machine.os_version.as_ref());
    let system = system.map(|version| words::SYSTEM.map(|word| format!("{word} {version}")));
    add("version", words::VERSION, [Text::same(version)].into_iter().chain(system).collect(), false);
    if let Some(machine) = status.machine.as_ref().filter(|machine| !machine.notices.0.is_empty()) {
        add("machine", words::NOTICES, machine.notices.0.clone(), false);
    }
    if let Some(update) = &status.update {
        add("update", words::UPDATES, update.sentences.0.clone(), update.is_doubtful);
    }
    add("id", words::IDENTIFIER, vec![Text::same(&status.id)], false);
    if let Some(disk) = status.disk {
        add("disk", words::DISK, vec![disk.words()], false);
    }
    if let Some(https) = &status.https {
        let fingerprint = format!("SHA-256 {}", https.certificate_sha256);
        add("certificate", words::CERTIFICATE, vec![Text::same(fingerprint)], false);
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
    fn every_fact_has_both_languages() {
        let facts = facts(&sample());
        assert_eq!(facts.len(), 14);
        for fact in facts {
            assert_ne!(fact.label.es, fact.label.en);
            assert!(!fact.values.is_empty(), "{fact:?}");
            assert!(fact.values.iter().all(|value| !value.es.is_empty() && !value.en.is_empty()), "{fact:?}");
        }
    }

    #[test]
    fn nothing_is_doubtful_that_the_verdict_does_not_know_of() {
        let doubtful = |status: &Status| {
            let facts = facts(status).into_iter().filter(|fact| fact.is_doubtful);
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
        (status.update, status.site, status.erp, status.screens) = (None, None, None, None);
        let keys: Vec<_> = facts(&status).into_iter().map(|fact| fact.key).collect();
        assert_eq!(keys, ["network", "clock", "uptime", "version", "id"]);
        let machine = |notices| Some(Machine { os_version: Some("4.5.6".into()), notices: Texts(notices) });
        status.machine = machine(vec![]);
        let version = facts(&status).into_iter().find(|fact| fact.key == "version").expect("the version");
        assert_eq!(version.values[1], Text::new("Sistema 4.5.6", "System 4.5.6"));
        assert!(facts(&status).iter().all(|fact| fact.key != "machine"));
        status.machine = machine(vec![Text::new("a", "b")]);
        let fact = facts(&status).into_iter().find(|fact| fact.key == "machine").expect("the notices");
        assert_eq!(fact.values, [Text::new("a", "b")]);
        status.machine = None;
        status.network.addresses.clear();
        assert_eq!(facts(&status)[0].values, [Text::same("eth0")]);
        status.network.interface = None;
        assert_eq!(facts(&status)[0].key, "clock");
    }
}
