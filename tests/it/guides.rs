//! The guides for technicians: the list of messages is what the code says.
//!
//! `just messages` writes the list again after texts have changed.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::spanish::{files, is_spanish, literals, split, takes_both, without_tests};
use crate::support::run;

/// Set to write the lists instead of comparing them.
const RENEW: &str = "WORKSHOP_RENEW_MESSAGES";

/// A part of the list: its heading, what it is about and who can help, and whose texts it has (by how their paths begin).
struct Chapter {
    heading: [&'static str; 2],
    about: [&'static str; 2],
    sources: &'static [&'static str],
    /// What `/health` calls it.
    parts: &'static [&'static str],
}

const CHAPTERS: &[Chapter] = &[
    Chapter {
        heading: ["Red, nombre y hora", "Network, name and time"],
        about: [
            "El cable, el router y el nombre taller.local. Lo arregla usted, o quien lleva la red del taller.",
            "The cable, the router and the name taller.local. You can put it right, or whoever runs the workshop's network.",
        ],
        sources: &["src/console/", "src/discovery/", "usb-image/rootfs/usr/lib/workshop-machine/address"],
        parts: &["discovery", "clock", "machine"],
    },
    Chapter {
        heading: ["Ajustes: workshop-edge.txt y secrets.txt", "Settings: workshop-edge.txt and secrets.txt"],
        about: [
            "El equipo sigue con los últimos ajustes buenos. Corrija la línea en la unidad TALLER y vuelva a encender.",
            "The box goes on with the last good settings. Put the line right on the drive TALLER, and switch on again.",
        ],
        sources: &["src/machine/settings/"],
        parts: &["machine"],
    },
    Chapter {
        heading: ["Lo que sigue al número de línea", "What follows the number of a line"],
        about: [
            "Por ejemplo: «línea 7: network.address: falta la longitud de la red». Vale también para config.toml.",
            "For example: \"line 7: network.address: the length of the network is missing\". It is the same for config.toml.",
        ],
        sources: &["src/config/"],
        parts: &[],
    },
    Chapter {
        heading: ["Datos del ERP", "The ERP's data"],
        about: [
            "Las pantallas siguen con los últimos datos. Si el mensaje no nombra un ajuste, lo arregla quien lleva el ERP o la red.",
            "The screens keep the last data. Where the message names no setting, whoever runs the ERP or the network puts it right.",
        ],
        sources: &["src/erp/", "src/app/erp"],
        parts: &["erp"],
    },
    Chapter {
        heading: ["Pantallas", "Screens"],
        about: [
            "Cómo está cada televisor, en /_edge/screens y en /_edge/.",
            "How each TV is, at /_edge/screens and /_edge/.",
        ],
        sources: &["src/screens/"],
        parts: &["screens"],
    },
    Chapter {
        heading: ["Web propia (site.dir)", "A site of one's own (site.dir)"],
        about: [
            "También en los televisores, en lugar de la pantalla. Lo arregla quien hace esa web.",
            "On the TVs too, in the display's place. Whoever makes that site puts it right.",
        ],
        sources: &["src/site/"],
        parts: &["site"],
    },
    Chapter {
        heading: ["Actualizaciones del programa y del sistema", "Updates of the program and of the system"],
        about: [
            "El equipo sigue con la versión que tiene. «El fabricante» es quien publica las versiones.",
            "The box goes on with the version that it has. \"The maker\" is whoever publishes the versions.",
        ],
        sources: &["src/update/", "src/machine/os/"],
        parts: &["update", "trial", "program", "machine"],
    },
    Chapter {
        heading: ["Memoria con la etiqueta WORKSHOP", "A stick labelled WORKSHOP"],
        about: [
            "En la pantalla del equipo, mientras la memoria está conectada.",
            "On the box's own screen, while the stick is plugged in.",
        ],
        sources: &["src/cli/machine/stick.rs", "src/cli/machine/taking.rs", "src/cli/machine/bundle.rs"],
        parts: &[],
    },
    Chapter {
        heading: ["Disco y memoria USB del equipo", "The box's disk or USB stick"],
        about: [
            "Si se repite después de reiniciar, cambie la memoria o el disco (vea «Cambiar un equipo»).",
            "If it happens again after a restart, replace the stick or the disk (see \"Replace a box\").",
        ],
        sources: &[
            "src/storage/",
            "usb-image/rootfs/usr/lib/workshop-machine/data",
            "usb-image/rootfs/usr/lib/workshop-machine/twins",
        ],
        parts: &["storage", "machine"],
    },
    Chapter {
        heading: ["Calor, corriente y desgaste", "Heat, power and wear"],
        about: [
            "Déjele aire, use su fuente de alimentación, y tenga otro equipo preparado si su memoria se gasta.",
            "Leave it air, use its own power supply, and have another box ready if its memory wears out.",
        ],
        sources: &["src/sensors/"],
        parts: &["temperature", "power", "wear"],
    },
    Chapter {
        heading: ["El equipo mismo", "The box itself"],
        about: [
            "Si no se va al reiniciar, guarde un informe de soporte y mándelo a quien mantiene el equipo.",
            "If it does not go away with a restart, write a support bundle and send it to whoever maintains the box.",
        ],
        // And whatever is new.
        sources: &["src/"],
        parts: &[],
    },
];

/// Texts that a technician meets only as the answer to what they have just done, or never.
const ELSEWHERE: &[(&str, &str)] = &[
    ("src/admin/", "answers on the page that asked"),
    ("src/cli/", "answers in a terminal, or of the menu to a key"),
    ("src/config/reference.rs", "the reference of all keys"),
    ("src/config/show.rs", "answers in a terminal"),
    ("src/control/", "answers in a terminal"),
    ("src/erp/answer/", "figures and notices of the ERP, on the display"),
    ("src/http/api.rs", "for programs"),
    ("src/lang.rs", "durations"),
    ("src/machine/menu.rs", "the menu, which answers a key"),
    ("src/release/", "the publisher's program"),
    ("src/schema/", "the reference of all keys"),
    ("src/support_bundle/", "the bundle's contents"),
];

/// A text in both languages, as a person may look it up.
type Message = [String; 2];

/// All of a file, in its order.
fn messages(root: &Path, path: &str, text: &str) -> Vec<Message> {
    let mut found = Vec::new();
    if Path::new(path).extension().is_some_and(|extension| extension == "rs") {
        let tokens = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
        collect(tokens, !path.starts_with("src/cli/"), &mut found);
    } else {
        notices(text, &mut found);
    }
    if path == "src/discovery/state.rs" {
        // Their Spanish is the console's.
        let english = quoted(body(text, "pub(crate) fn fault(", "\n    }\n"));
        found.extend(english.map(|english| [String::new(), plain(english)]));
    }
    if path == "src/app/words.rs" {
        // Their English is discovery's.
        let mut all = Vec::new();
        all_spanish(text.parse().expect("Rust"), &mut all);
        all.retain(|es| !found.iter().any(|[listed, _]| listed == es));
        found.extend(all.into_iter().map(|es| [es, String::new()]));
    }
    found.retain(|message| message.iter().any(|text| is_message(path, text)));
    if path == "src/update/words.rs" {
        found.extend(skip_reasons(text, &fs::read_to_string(root.join(POLICY)).expect("text")));
    }
    found
}

/// Labels, and parts that others fill in, are none; what follows the number of a line is short.
fn is_message(path: &str, text: &str) -> bool {
    let words = text.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic)).count();
    let begins = !text.starts_with(char::is_lowercase);
    !text.starts_with('#') && (words > 4 || words > 2 && (begins || path == "src/config/words.rs"))
}

/// Where the English of the reasons for which an update is not taken stands: it is the log's, too.
const POLICY: &str = "src/update/policy/mod.rs";

/// The reasons for which an update is not taken, whose languages stand apart.
fn skip_reasons(words: &str, policy: &str) -> Vec<Message> {
    let name = |text: &str| text.trim().split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned();
    let english: Vec<_> = body(policy, "enum SkipReason {", "\n}\n")
        .split("#[error(")
        .skip(1)
        .map(|reason| (name(reason.split_once(")]").expect("a variant").1), reason))
        .collect();
    let spanish = body(words, "fn why(", "\n}\n").split("SkipReason::").skip(1);
    let messages: Vec<_> = spanish
        .map(|reason| {
            let (_, english) = english.iter().find(|(one, _)| *one == name(reason)).expect("the same reason");
            [reason, *english].map(|text| plain(quoted(text).next().expect("a text")))
        })
        .collect();
    assert_eq!(messages.len(), english.len(), "{messages:?}");
    messages
}

/// What is between these.
fn body<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, text) = text.split_once(from).unwrap_or_else(|| panic!("{from} is there no more"));
    text.split_once(to).map_or(text, |(body, _)| body)
}

/// What stands in quotation marks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}

/// `picks`: also what is picked on the spot, which for the command line is its usage.
fn collect(tokens: TokenStream, picks: bool, found: &mut Vec<Message>) {
    for argument in split(without_tests(tokens)) {
        for (at, token) in argument.iter().enumerate() {
            let TokenTree::Group(group) = token else { continue };
            let arguments = split(group.stream().into_iter().collect());
            let pair = match group.delimiter() {
                Delimiter::Parenthesis if takes_both(&argument[..at]) && (picks || !is_pick(&argument[..at])) => {
                    pair(&arguments)
                }
                Delimiter::Parenthesis if is_rule(&argument[..at]) => arguments.get(1..).and_then(pair),
                Delimiter::Brace => {
                    let of = |name: &str| {
                        arguments.iter().find(|field| field.first().is_some_and(|token| token.to_string() == name))
                    };
                    of("es").zip(of("en")).and_then(|(es, en)| pair(&[es.clone(), en.clone()]))
                }
                _ => None,
            };
            let is_pair = pair.is_some();
            found.extend(pair);
            if !is_pair {
                collect(group.stream(), picks, found);
            }
        }
    }
}

/// All Spanish in a file, however it is written there.
fn all_spanish(tokens: TokenStream, found: &mut Vec<String>) {
    for token in without_tests(tokens) {
        match token {
            TokenTree::Group(group) => all_spanish(group.stream(), found),
            TokenTree::Literal(literal) if is_spanish(&literal.to_string()) => found.push(plain(&literal.to_string())),
            _ => {}
        }
    }
}

#[test]
fn no_spanish_of_the_code_is_overlooked() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed: BTreeSet<String> = listed(root).into_iter().flatten().map(|[es, _]| es).collect();
    let mut overlooked = Vec::new();
    for file in files(&root.join("src"), "rs") {
        let path = file.strip_prefix(root).expect("below").display().to_string();
        let text = fs::read_to_string(&file).expect("text");
        // What keys are for stands beside them in the files of settings.
        let is_reference = text.contains("settings! {") || path == "src/machine/settings/template.rs";
        if chapter_of(&path).is_some() && !path.starts_with("src/cli/") && !is_reference {
            let mut found = Vec::new();
            all_spanish(text.parse().expect("Rust"), &mut found);
            found.retain(|text| is_message(&path, text) && !listed.contains(text));
            overlooked.extend(found.into_iter().map(|text| format!("{path}: {text}")));
        }
    }
    assert!(overlooked.is_empty(), "in no list: {overlooked:#?}");
}

fn is_pick(tokens: &[TokenTree]) -> bool {
    tokens.last().is_some_and(|name| name.to_string() == "pick")
}

/// Whether they name a rule for a key: its text follows the key.
fn is_rule(tokens: &[TokenTree]) -> bool {
    tokens.last().is_some_and(|name| name.to_string() == "rule")
}

fn pair(arguments: &[Vec<TokenTree>]) -> Option<Message> {
    let first = |at: usize| literals(arguments.get(at)?).into_iter().next();
    Some([plain(&first(0)?), plain(&first(1)?)])
}

/// The notices of a script: two arguments, or two members.
fn notices(text: &str, found: &mut Vec<Message>) {
    let quoted: Vec<_> = text
        .lines()
        .map(str::trim)
        .map(|line| line.strip_prefix("\"es\":").or_else(|| line.strip_prefix("\"en\":")).unwrap_or(line))
        .filter(|line| line.starts_with('"'))
        .filter_map(|line| line.split('"').nth(1))
        .filter(|line| line.contains(' '))
        .collect();
    assert!(quoted.len().is_multiple_of(2), "a notice has two languages: {quoted:?}");
    found.extend(quoted.chunks(2).map(|pair| [plain(pair[0]), plain(pair[1])]));
}

/// A literal as it is read: what is filled in is "…".
fn plain(literal: &str) -> String {
    let literal = literal.strip_prefix('"').and_then(|literal| literal.strip_suffix('"')).unwrap_or(literal);
    let literal = literal.replace("\\\"", "\"").replace("\\n", " ").replace('\\', "");
    let mut text = String::new();
    let mut rest = literal.as_str();
    while let Some(at) = rest.find(['{', '$']) {
        let (before, from) = rest.split_at(at);
        let end = if from.starts_with('{') || from.starts_with("${") {
            from.find('}').map_or(from.len(), |end| end + 1)
        } else {
            from[1..].find(|c: char| !c.is_ascii_alphanumeric()).map_or(from.len(), |end| end + 1)
        };
        text.push_str(before);
        text.push('…');
        rest = &from[end..];
    }
    text.push_str(rest);
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace("……", "…")
}

/// Which chapter has the texts of a file: the longest beginning of its path decides.
fn chapter_of(path: &str) -> Option<usize> {
    let chapters = CHAPTERS.iter().enumerate();
    let named =
        chapters.flat_map(|(number, chapter)| chapter.sources.iter().map(move |source| (*source, Some(number))));
    let elsewhere = ELSEWHERE.iter().map(|(source, _)| (*source, None));
    let fitting = named.chain(elsewhere).filter(|(source, _)| path.starts_with(source));
    fitting.max_by_key(|(source, _)| source.len()).and_then(|(_, chapter)| chapter)
}

/// By chapter, without what was listed before.
fn listed(root: &Path) -> Vec<Vec<Message>> {
    let mut paths: Vec<String> = files(&root.join("src"), "rs")
        .iter()
        .map(|path| path.strip_prefix(root).expect("below").display().to_string())
        .collect();
    paths.extend(
        CHAPTERS
            .iter()
            .flat_map(|chapter| chapter.sources)
            .filter(|source| !source.starts_with("src/"))
            .map(|source| (*source).to_owned()),
    );
    paths.sort();
    let mut chapters: Vec<Vec<Message>> = CHAPTERS.iter().map(|_| Vec::new()).collect();
    let mut seen = BTreeSet::new();
    for path in paths {
        let Some(chapter) = chapter_of(&path) else { continue };
        let text = fs::read_to_string(root.join(&path)).expect("text");
        chapters[chapter]
            .extend(messages(root, &path, &text).into_iter().filter(|message| seen.insert((chapter, message.clone()))));
    }
    chapters
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Files that ask for a part by a name that stands elsewhere: the file, that other, and the names.
const NAMES_ELSEWHERE: &[(&str, &str, &[&str])] = &[
    ("src/app/screens.rs", "src/app/screens.rs", &["screens"]),
    ("src/app/sensors.rs", "src/app/sensors.rs", &["temperature", "power", "wear"]),
    ("src/telemetry/push.rs", "src/telemetry/signal.rs", &["otlp_metrics", "otlp_traces"]),
];

/// What a file calls the parts of `/health` that it reports to.
fn parts_of(root: &Path, path: &str, product: &str) -> Vec<String> {
    // Without a name, it is a disk that is asked.
    let calls = product.split(".probe(").skip(1).filter(|call| !call.starts_with(')'));
    let (literal, others): (Vec<_>, Vec<_>) = calls.partition(|call| call.starts_with('"'));
    let mut parts: Vec<_> = literal.into_iter().filter_map(|call| Some(call.split('"').nth(1)?.to_owned())).collect();
    if !others.is_empty() {
        let (_, there, names) = NAMES_ELSEWHERE
            .iter()
            .find(|(file, ..)| *file == path)
            .unwrap_or_else(|| panic!("{path} reports to a part: what is it called?"));
        let text = fs::read_to_string(root.join(there)).expect("text");
        for name in *names {
            assert!(text.contains(&format!("\"{name}\"")), "{there} does not say {name} any more");
            parts.push((*name).to_owned());
        }
    }
    parts
}

/// The parts of `/health` by chapter: what none names, is of the last.
fn parts(root: &Path) -> Vec<BTreeSet<String>> {
    let mut parts: Vec<BTreeSet<String>> = CHAPTERS.iter().map(|_| BTreeSet::new()).collect();
    for file in files(&root.join("src"), "rs") {
        let text = fs::read_to_string(&file).expect("text");
        let product = text.split("#[cfg(test)]").next().unwrap_or_default();
        let path = file.strip_prefix(root).expect("below").display().to_string();
        for part in parts_of(root, &path, product) {
            let names = |chapter: &Chapter| chapter.parts.contains(&&*part);
            let is_named = CHAPTERS.iter().any(names);
            for (number, (chapter, parts)) in CHAPTERS.iter().zip(&mut parts).enumerate() {
                if names(chapter) || !is_named && number + 1 == CHAPTERS.len() {
                    parts.insert(part.clone());
                }
            }
        }
    }
    parts
}

/// A row for each chapter: what it is about, what to do, and what `/health` calls it.
fn table(parts: &[BTreeSet<String>], lang: usize) -> String {
    let [about, action] = [["Trata de", "Qué hacer"], ["It is about", "What to do"]][lang];
    let mut html = format!("<table>\n<tr><th>{about}<th>{action}<th><code>/health</code>\n");
    for (chapter, parts) in CHAPTERS.iter().zip(parts) {
        let parts = parts.iter().cloned().collect::<Vec<_>>().join(", ");
        let [heading, about] = [chapter.heading[lang], chapter.about[lang]].map(escaped);
        writeln!(html, "<tr><td>{heading}<td>{about}<td>{parts}").expect("memory");
    }
    html + "</table>\n"
}

/// The whole page, in the language of this number.
fn page(chapters: &[Vec<Message>], lang: usize) -> String {
    let [title, intro, code] = [
        [
            "Mensajes del equipo",
            "Todo lo que el equipo puede decir en su pantalla (HDMI), en <code>/_edge/</code>, en los televisores y en \
             <code>/health</code>. Cada mensaje dice qué pasa y qué hacer; «…» está en lugar de lo que el equipo completa. \
             La guía: <a href=\"tecnico.html\">para el técnico</a>.",
            "es",
        ],
        [
            "The box's messages",
            "All that a box may say on its own screen (HDMI), at <code>/_edge/</code>, on the TVs and in \
             <code>/health</code>. Each message says what is wrong and what to do; \"…\" is in the place of what the box fills in. \
             The guide: <a href=\"technician.html\">for technicians</a>.",
            "en",
        ],
    ][lang];
    let mut html = format!(
        "<!doctype html>\n<html lang=\"{code}\">\n<!-- Written by `just messages` from the texts in the code. -->\n\
         <meta charset=\"utf-8\">\n<title>{title}</title>\n<link rel=\"stylesheet\" href=\"../print.css\">\n\
         <body class=\"list\">\n<h1>{title}</h1>\n<p>{intro}</p>\n"
    );
    for (chapter, messages) in CHAPTERS.iter().zip(chapters) {
        write!(html, "<h2>{}</h2>\n<p>{}</p>\n<ul>\n", escaped(chapter.heading[lang]), escaped(chapter.about[lang]))
            .expect("memory");
        for message in messages.iter().filter(|message| !message[lang].is_empty()) {
            writeln!(html, "<li>{}", escaped(&message[lang])).expect("memory");
        }
        html.push_str("</ul>\n");
    }
    html
}

#[test]
fn every_message_is_in_the_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let chapters = listed(root);
    for (chapter, messages) in CHAPTERS.iter().zip(&chapters) {
        assert!(!messages.is_empty(), "{}: no messages", chapter.heading[1]);
    }
    let parts = parts(root);
    let lists = ["packaging/docs/es/mensajes.html", "packaging/docs/en/messages.html"];
    for (lang, file) in lists.iter().enumerate() {
        hold(&root.join(file), &page(&chapters, lang));
    }
    for (lang, file) in GUIDES.iter().enumerate() {
        let file = root.join(file);
        let text = fs::read_to_string(&file).expect("a guide");
        let (before, rest) = text.split_once(BEGINNING).expect("a beginning");
        let (_, after) = rest.split_once(END).expect("an end");
        hold(&file, &format!("{before}{BEGINNING}{}{END}{after}", table(&parts, lang)));
    }
}

const GUIDES: [&str; 2] = ["packaging/docs/es/tecnico.html", "packaging/docs/en/technician.html"];
const BEGINNING: &str = "<!-- chapters -->\n";
const END: &str = "<!-- /chapters -->\n";

/// The file says this, or is made to.
fn hold(file: &Path, wanted: &str) {
    if std::env::var_os(RENEW).is_some() {
        fs::write(file, wanted).expect("written");
    }
    let is = fs::read_to_string(file).unwrap_or_default();
    let missing: Vec<_> = wanted.lines().filter(|line| !is.lines().any(|one| one == *line)).collect();
    assert!(is == wanted, "{} is not what the code says: run `just messages`. Missing: {missing:#?}", file.display());
}

/// What stands in `<pre class="CLASS">` of both guides, which say the same.
fn blocks(class: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let [es, en] = GUIDES.map(|guide| {
        let html = fs::read_to_string(root.join(guide)).expect("a guide");
        let tag = format!("<pre class=\"{class}\">");
        html.split(&tag).skip(1).map(|block| body(block, "", "</pre>").to_owned() + "\n").collect::<String>()
    });
    assert!(es == en && !es.is_empty(), "{class}: {es:?} is not {en:?}");
    es
}

#[test]
fn the_commands_that_flash_write_the_image_as_it_is() {
    // On a file in the place of a stick, where the kernel writes without its cache.
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let at = |name: &str| place.path().join(name).display().to_string();
    let image: Vec<u8> = (0..3 * 1024 * 1024_u32).flat_map(u32::to_le_bytes).collect();
    fs::write(at("image"), &image).expect("written");
    run("zstd", &["-q", &at("image"), "-o", &at("workshop-edge-1.2.3-x86_64.img.zst")]);
    let commands = blocks("run").replace("sudo ", "").replace("/dev/sdX", &at("stick"));
    assert!(commands.contains(&at("stick")));
    let script = format!("set -e; cd {}; sha256sum *.zst >SHA256SUMS; {commands}", place.path().display());
    run("bash", &["-o", "pipefail", "-c", &script]);
    assert!(fs::read(at("stick")).expect("flashed") == image);
}

#[test]
fn the_settings_of_the_guides_hold() {
    let place = tempfile::tempdir().expect("a directory");
    let file = place.path().join("workshop-edge.txt").display().to_string();
    fs::write(&file, blocks("settings")).expect("written");
    let said = run(env!("CARGO_BIN_EXE_workshop-edge"), &["machine", "settings", "--check", &file]);
    assert_eq!(String::from_utf8_lossy(&said), "ok\n");
    let image = include_str!("../../usb-image/settings/secrets.txt");
    for line in blocks("secrets").lines() {
        assert!(image.contains(&format!("\n#{line}\n")), "{line}");
    }
}
