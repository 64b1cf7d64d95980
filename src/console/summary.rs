//! The status as `workshop-edge status` prints it: a line for each fact.

use super::canvas::{Style, printable};
use super::facts::facts;
use super::qr::Qr;
use super::status::Status;
use super::words;
use crate::health::Level;
use crate::lang::Text;

/// Who reads the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Summary {
    /// A person in front of a terminal: with colours, and the QR code to scan from it.
    Terminal,
    /// A file or another program: plain text.
    Plain,
}

/// The status in lines.
#[must_use]
pub(crate) fn summary(status: &Status, reader: Summary) -> Text {
    let paint = |text: &str, style: Style| match reader {
        Summary::Terminal => format!("\x1b[{}m{text}\x1b[0m", foreground(style)),
        Summary::Plain => text.to_owned(),
    };
    let style = match status.health.status {
        Level::Ok => Style::Good,
        Level::Degraded => Style::Warning,
        Level::Failing => Style::Bad,
    };
    let mut lines = vec![
        Text::same(paint(&clean(&status.title()), Style::Strong)),
        status.health.status.words().map(|words| paint(words, style)),
    ];
    lines.extend(status.health.faults.iter().map(|fault| fault.text.map(|text| format!("  - {}", clean(text)))));
    lines.push(Text::default());
    // Padded before it is painted: the sequences take no room on the screen.
    let label = |text: &str| paint(&format!("{text:<15}"), Style::Label);
    let mut add = |name: Text<&'static str>, values: &[Text]| {
        let labels = [name.map(label)].into_iter().chain(std::iter::repeat(Text::same(label(""))));
        lines.extend(labels.zip(values).map(|(label, value)| label.and(value)));
    };
    if status.addresses.is_empty() {
        add(words::ADDRESS, &[words::NO_ADDRESS.map(|none| paint(none, Style::Warning))]);
    }
    let addresses: Vec<_> = status.addresses.iter().map(|address| Text::same(clean(&address.url))).collect();
    add(words::ADDRESS, &addresses);
    for fact in facts(status) {
        add(fact.label, &fact.values.iter().map(|value| value.map(clean)).collect::<Vec<_>>());
    }
    if let (Summary::Terminal, Some(qr)) = (reader, status.first_address().and_then(|address| Qr::of(&address.url))) {
        lines.push(Text::default());
        let code = Style::Paper.sgr();
        lines.extend(qr.half_blocks().into_iter().map(|row| Text::same(format!("\x1b[{code}m{row}\x1b[0m"))));
    }
    Text::join(lines.iter().map(|line| line.map(|line| format!("{}\n", line.trim_end()))), "")
}

/// The terminal's own background stays: this is text among other text.
fn foreground(style: Style) -> &'static str {
    match style {
        Style::Plain | Style::Paper => "0",
        Style::Strong => "1",
        Style::Label => "36",
        Style::Good => "1;32",
        Style::Warning => "1;33",
        Style::Bad => "1;31",
    }
}

fn clean(text: &str) -> String {
    text.chars().map(printable).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn plain_text_in_both_languages() {
        assert_eq!(
            summary(&sample(), Summary::Plain).es,
            "taller-2 · workshop-edge 1.2.3\n\
             Funciona, pero conviene revisarlo\n\
             \x20 - 192.168.1.77 también responde por taller.local.\n\
             \n\
             Dirección       http://192.168.1.50\n\
             \x20               http://taller-2.local\n\
             Red             eth0 192.168.1.50, fe80::5054:ff:fe12:3456\n\
             Nombre          taller-2.local\n\
             \x20               «taller» ya lo usa otro equipo de la red.\n\
             Pantalla        /srv/display: 12 archivos, 3,4 MB\n\
             Pantallas       11 de 12 muestran la página\n\
             \x20               Sin nombre: 1\n\
             ERP: datos      Responde despacio desde hace 13 min.\n\
             \x20               Dato más antiguo: 1 h 4 min\n\
             \x20               Pantallas en directo: 3\n\
             ERP: cuenta     Mecánica Alameda (rol OPERATOR)\n\
             ERP: avisos     Este sitio no muestra datos del ERP.\n\
             Reloj           2026-11-24 08:15 CET\n\
             \x20               Sin sincronizar con un servidor de hora.\n\
             En marcha       3 d 4 h\n\
             Versión         1.2.3 (0a1b2c3d4e5f, x86_64-unknown-linux-musl)\n\
             Actualización   Descargando la versión 1.2.4: 40 %.\n\
             Identificador   0123456789abcdef\n\
             Disco           27,9 GB libres de 31,9 GB\n"
                .to_owned()
                + &format!("Certificado     SHA-256 {}\n", ["A1"; 32].join(":"))
        );
        let english = summary(&sample(), Summary::Plain).en;
        for words in [
            "Works, but somebody should look",
            "answers for taller.local too",
            "Running for     3 d 4 h",
            "27.9 GB free of",
        ] {
            assert!(english.contains(words), "{words}: {english}");
        }
    }

    #[test]
    fn a_terminal_gets_the_code_in_colours_of_its_own() {
        let text = summary(&sample(), Summary::Terminal).es;
        let rows =
            text.lines().filter(|line| line.starts_with("\x1b[0;30;47;107m") && line.ends_with("\x1b[0m")).count();
        assert_eq!(rows, 17);
    }

    #[test]
    fn no_text_steers_the_terminal() {
        let mut status = sample();
        status.health.faults[0].text.es = "a\x1b[2Jb".into();
        assert!(summary(&status, Summary::Plain).es.contains("a\u{FFFD}[2Jb"));
    }
}
