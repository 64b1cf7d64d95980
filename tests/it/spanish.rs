//! The Spanish that technicians read: never without its English, one word for each thing, and "usted" throughout.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// Words of "tú", and words for things that have another one here.
const FORBIDDEN: &[(&str, &str)] = &[
    ("caja", "equipo"),
    ("depósito", "repositorio de versiones"),
    ("octeto", "byte"),
    ("octetos", "bytes"),
    ("tu", "su"),
    ("tus", "sus"),
    ("contigo", "con usted"),
    ("puedes", "puede"),
    ("debes", "debe"),
    ("quieres", "quiere"),
    ("tienes", "tiene"),
    ("haz", "haga"),
    ("pon", "ponga"),
    ("hazlo", "hágalo"),
    ("te", "se"),
    ("ti", "usted"),
    ("eres", "es"),
    ("estás", "está"),
    ("puedas", "pueda"),
    ("quieras", "quiera"),
    ("necesitas", "necesita"),
    ("deberías", "debería"),
    ("ponlo", "póngalo"),
    ("ponla", "póngala"),
];

/// The directories and file types with texts for people.
const TEXTS: &[(&str, &str)] = &[
    ("src", "rs"),
    ("assets/workshop-monitor/src", "ts"),
    ("assets/workshop-monitor/src", "tsx"),
    ("assets/screen-agent/src", "ts"),
    ("assets/console", "js"),
    ("assets/console", "html"),
    ("usb-image/settings", "txt"),
    ("packaging", "sh"),
    ("packaging/docs/es", "html"),
    ("packaging/docs/es", "md"),
    ("packaging", "yaml"),
    ("packaging", "json"),
];

#[test]
fn one_word_for_each_thing_and_no_familiar_forms() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = Vec::new();
    let mut lines = 0;
    for (directory, extension) in TEXTS {
        for file in files(&root.join(directory), extension) {
            let text = fs::read_to_string(&file).expect("text");
            for (number, line) in product(&text).enumerate() {
                lines += 1;
                let place = || format!("{}:{}", file.strip_prefix(root).expect("below").display(), number + 1);
                wrong.extend(forbidden(line).map(|(word, better)| format!("{}: {word}, not {better}", place())));
            }
        }
    }
    assert!(lines > 20_000, "{lines} lines are not all");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A text leaves a room in both languages, side by side: `pick(es, en)`, `Text::fixed(es, en)`, `{ es: …, en: … }`. What
/// is filled into one of them is filled into the other.
#[test]
fn every_text_has_both_languages() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Found::default();
    for file in files(&root.join("src"), "rs") {
        let text = fs::read_to_string(&file).expect("text");
        let place = file.strip_prefix(root).expect("below").display().to_string();
        if !WITHOUT_PAIRS.iter().any(|(exempt, _)| place == *exempt) {
            found.look(&place, text.parse().unwrap_or_else(|error| panic!("{place}: {error}")), TokenContext::Braces);
        }
    }
    for file in files(&root.join("assets/console"), "html") {
        let text = fs::read_to_string(&file).expect("text");
        let place = file.strip_prefix(root).expect("below").display().to_string();
        for expression in text.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()) {
            found.look(
                &place,
                expression.parse().unwrap_or_else(|error| panic!("{place}: {error}")),
                TokenContext::Braces,
            );
        }
    }
    assert!(found.pairs > 850, "{} pairs are not all", found.pairs);
    assert!(found.wrong.is_empty(), "{}", found.wrong.join("\n"));
}

/// Files with Spanish that has its English elsewhere.
const WITHOUT_PAIRS: &[(&str, &str)] = &[
    ("src/machine/settings/template.rs", "the file for the technician has paragraphs of both"),
    ("src/machine/settings/read.rs", "the defaults of keys are data"),
    ("src/erp/answer/alert_read.rs", "the patterns are those of the ERP's messages"),
    ("src/cli/usage.rs", "the English is clap's"),
    ("src/config/correction.rs", "what people type for true"),
    ("src/support_bundle/state.rs", "one line has both"),
    ("src/support_bundle/bounds.rs", "one line has both"),
];

/// Whether the tokens before an argument list name a call that takes Spanish and English.
pub(crate) fn takes_both(tokens: &[TokenTree]) -> bool {
    let path: String = tokens.iter().skip(tokens.len().saturating_sub(4)).map(ToString::to_string).collect();
    [".pick", "Text::new", "Text::fixed", "Text::about", "with_details"].iter().any(|call| path.ends_with(call))
}

/// Whether they name a declaration of a configuration key.
fn declares_key(tokens: &[TokenTree]) -> bool {
    tokens.last().is_some_and(|name| ["key", "optional"].contains(&name.to_string().as_str()))
}

/// The Spanish and the English of a key, which follow its path, its type and its default: those are data.
fn descriptions(declaration: TokenStream) -> TokenStream {
    let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    let mut commas = 0;
    declaration
        .into_iter()
        .skip_while(|token| {
            commas += usize::from(is_comma(token));
            commas < 3
        })
        .skip(1)
        .collect()
}

/// The context of tokens.
#[derive(Clone, Copy, PartialEq)]
enum TokenContext {
    /// The arguments of a call whose first two are Spanish and English.
    Pick,
    List,
    Braces,
    /// A part of a text with its English beside it.
    Spanish,
}

#[derive(Default)]
struct Found {
    pairs: usize,
    wrong: Vec<String>,
}

impl Found {
    fn look(&mut self, place: &str, tokens: TokenStream, around: TokenContext) {
        let arguments = split(without_tests(tokens));
        for (number, argument) in arguments.iter().enumerate() {
            let next = arguments.get(number + 1);
            let is_pair = !(around == TokenContext::Pick && number > 0)
                && next.is_some_and(|next| self.is_pair(place, argument, next, around));
            for (at, token) in argument.iter().enumerate() {
                match token {
                    TokenTree::Group(group) if declares_key(&argument[..at]) => {
                        self.look(place, descriptions(group.stream()), TokenContext::Pick);
                    }
                    TokenTree::Group(group) => {
                        let around = match group.delimiter() {
                            _ if is_pair || around == TokenContext::Spanish => TokenContext::Spanish,
                            Delimiter::Parenthesis if takes_both(&argument[..at]) => TokenContext::Pick,
                            Delimiter::Parenthesis | Delimiter::Bracket => TokenContext::List,
                            Delimiter::Brace | Delimiter::None => TokenContext::Braces,
                        };
                        self.look(place, group.stream(), around);
                    }
                    TokenTree::Literal(literal)
                        if !is_pair
                            && around != TokenContext::Spanish
                            && !(around == TokenContext::Pick && number == 1)
                            && is_spanish(&literal.to_string()) =>
                    {
                        let line = literal.span().start().line;
                        self.wrong.push(format!("{place}:{line}: without English: {literal}"));
                    }
                    _ => {}
                }
            }
        }
    }

    /// Whether two neighbours are a text in Spanish and the same in English.
    fn is_pair(&mut self, place: &str, one: &[TokenTree], other: &[TokenTree], around: TokenContext) -> bool {
        let (es, en) = (literals(one), literals(other));
        let has = |texts: &[String]| texts.iter().any(|text| is_spanish(text));
        let begins = |tokens: &[TokenTree], name| tokens.first().is_some_and(|token| token.to_string() == name);
        let is_pair = match around {
            TokenContext::Pick => true,
            TokenContext::List => has(&es) && !en.is_empty() && !has(&en) && en != ["\"\""],
            TokenContext::Braces => begins(one, "es") && begins(other, "en"),
            TokenContext::Spanish => false,
        };
        self.pairs += usize::from(is_pair);
        let is_empty = |texts: &[String]| texts == ["\"\""];
        if around == TokenContext::Pick && is_empty(&es) != is_empty(&en) {
            self.wrong.push(format!("{place}: in one language alone: {es:?}, {en:?}"));
        }
        if is_pair && around != TokenContext::Braces && es.len() == en.len() && blanks(&es) != blanks(&en) {
            self.wrong.push(format!("{place}: not filled in alike: {es:?}, {en:?}"));
        }
        is_pair
    }
}

/// Leaves out every item behind `#[cfg(test)]`.
pub(crate) fn without_tests(tokens: TokenStream) -> Vec<TokenTree> {
    let mut kept = Vec::new();
    let mut is_test = false;
    for token in tokens {
        let is_end = match &token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
                is_test |= group.stream().to_string().replace(' ', "") == "cfg(test)";
                false
            }
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            TokenTree::Punct(punct) => punct.as_char() == ';',
            _ => false,
        };
        if !is_test {
            kept.push(token);
        } else if is_end {
            is_test = false;
        }
    }
    kept
}

/// What commas separate.
pub(crate) fn split(tokens: Vec<TokenTree>) -> Vec<Vec<TokenTree>> {
    let mut arguments = vec![Vec::new()];
    for token in tokens {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => arguments.push(Vec::new()),
            token => arguments.last_mut().expect("never empty").push(token),
        }
    }
    arguments
}

fn is_list(group: &Group) -> bool {
    matches!(group.delimiter(), Delimiter::Parenthesis | Delimiter::Bracket)
}

/// The texts in an argument, those within its calls too.
pub(crate) fn literals(tokens: &[TokenTree]) -> Vec<String> {
    let text = |token: &TokenTree| match token {
        TokenTree::Literal(literal) => {
            Some(literal.to_string()).filter(|text| text.starts_with('"')).into_iter().collect()
        }
        TokenTree::Group(group) if is_list(group) => literals(&group.stream().into_iter().collect::<Vec<_>>()),
        _ => Vec::new(),
    };
    tokens.iter().flat_map(text).collect()
}

/// A letter or mark that English does not have.
pub(crate) fn is_spanish(text: &str) -> bool {
    text.starts_with('"') && text.contains(|c| "áéíóúüñÁÉÍÓÚÑ¿¡«»".contains(c))
}

/// What is filled in.
fn blanks(texts: &[String]) -> BTreeSet<String> {
    let parts = texts.iter().flat_map(|text| text.split('{').skip(1));
    let names = parts.filter_map(|part| part.split(['}', ':']).next());
    names.map(|name| if name == "es" { "en" } else { name }.to_owned()).collect()
}

/// The lines before the tests of a file, without comments.
fn product(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .take_while(|line| line.trim() != "#[cfg(test)]")
        .map(|line| if line.trim_start().starts_with("//") { "" } else { line })
}

fn forbidden(line: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let words: Vec<_> = line.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_lowercase).collect();
    FORBIDDEN.iter().copied().filter(move |(word, _)| words.iter().any(|one| one == word))
}

pub(crate) fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let is_test = |path: &Path| path.file_name().is_some_and(|name| name == "tests.rs");
    paths
        .filter(|path| !is_test(path))
        .flat_map(|path| if path.is_dir() { files(&path, extension) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect()
}
