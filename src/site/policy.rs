//! Whether a Content-Security-Policy lets the agent run.

/// Whether pages with these policies may load the agent and let it report: both come from the box. Of a source that is
/// a host nobody knows whether it is this box, so it is taken for it.
pub(crate) fn allows_agent(policies: &str) -> bool {
    policies.split(',').all(|policy| {
        let script = sources(policy, &["script-src-elem", "script-src", "default-src"]);
        let is_strict =
            script.as_ref().is_some_and(|sources| sources.iter().any(|source| source == "'strict-dynamic'"));
        !is_strict && allows_box(script) && allows_box(sources(policy, &["connect-src", "default-src"]))
    })
}

/// The sources of the first of these directives that a policy has, in lower case.
fn sources(policy: &str, names: &[&str]) -> Option<Vec<String>> {
    names.iter().find_map(|name| {
        let mut directives = policy.split(';').map(str::split_ascii_whitespace);
        directives.find_map(|mut words| {
            let is_it = words.next().is_some_and(|word| word.eq_ignore_ascii_case(name));
            is_it.then(|| words.map(str::to_ascii_lowercase).collect())
        })
    })
}

/// A directive that is not there allows everything.
fn allows_box(sources: Option<Vec<String>>) -> bool {
    sources.is_none_or(|sources| {
        sources.iter().any(|source| match source.as_str() {
            "'self'" | "http:" => true,
            other => !other.starts_with('\'') && !other.ends_with(':'),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_with_the_boxs_own_scripts_and_connections_lets_the_agent_run() {
        for policy in [
            "",
            "default-src 'self'",
            "Default-Src 'none'; SCRIPT-SRC 'Self'; connect-src *",
            "img-src 'none'; frame-ancestors 'none'",
            "default-src http: data:",
            "default-src 'none'; script-src taller.local; connect-src http://taller.local",
            "script-src 'none'; script-src-elem 'self'",
            "default-src 'self'; default-src 'none'",
            "default-src 'self', img-src 'none'",
        ] {
            assert!(allows_agent(policy), "{policy}");
        }
        for policy in [
            "default-src 'none'",
            "default-src",
            "script-src 'none'",
            "script-src 'unsafe-inline' 'nonce-abc' data: https:",
            "script-src 'self' 'strict-dynamic' 'nonce-abc'",
            "script-src 'self'; connect-src 'none'",
            "default-src 'none'; script-src 'self'",
            "script-src 'self'; script-src-elem 'none'",
            "default-src 'none'; default-src 'self'",
            "default-src 'self', connect-src wss:",
        ] {
            assert!(!allows_agent(policy), "{policy}");
        }
    }
}
