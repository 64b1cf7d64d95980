//! The menu on the box's own screen, for somebody with a keyboard: what each key leads to. Nothing is done here, and
//! nothing is drawn.
//!
//! ```text
//! bytes ─keys─> Key ─press─> Menu ─┬─> lines (to be drawn)
//!                           result ┘└─> MenuAction ─> show
//! ```

use std::path::PathBuf;

use crate::lang::{Lang, Text};

/// Characters that may be typed where a word is asked for.
const MAX_TYPED: usize = 16;
/// Lines of a page.
const MAX_LINES: usize = 200;

/// A key of the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// The arrow up.
    Up,
    /// The arrow down.
    Down,
    /// Enter.
    Enter,
    /// Escape.
    Escape,
    /// Backspace.
    Erase,
    /// F2, for the other language.
    Language,
    /// A character.
    Char(char),
}

/// The keys that a terminal has sent (ECMA-48; the function keys as the Linux console and xterm send them). What is
/// none of them is ignored.
#[must_use]
pub(crate) fn keys(bytes: &[u8]) -> Vec<Key> {
    let text = String::from_utf8_lossy(bytes);
    let mut keys = Vec::new();
    let mut rest: &str = &text;
    while let Some(character) = rest.chars().next() {
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
        match character {
            '\x1b' => match sequence(rest) {
                None => keys.push(Key::Escape),
                Some(sequence) => {
                    rest = rest.get(sequence.len()..).unwrap_or_default();
                    keys.extend(match sequence {
                        "[A" | "OA" => Some(Key::Up),
                        "[B" | "OB" => Some(Key::Down),
                        "[[B" | "OQ" | "[12~" => Some(Key::Language),
                        _ => None,
                    });
                }
            },
            '\r' | '\n' => keys.push(Key::Enter),
            '\x7f' | '\x08' => keys.push(Key::Erase),
            character if !character.is_control() && character != '\u{fffd}' => keys.push(Key::Char(character)),
            _ => {}
        }
    }
    keys
}

/// What follows an escape, if it begins a sequence: up to its final character.
fn sequence(rest: &str) -> Option<&str> {
    let mut characters = rest.char_indices();
    let skipped = match characters.next()? {
        (_, 'O') => 1,
        (_, '[') if rest.starts_with("[[") => 2,
        (_, '[') => {
            let (end, last) = characters.find(|(_, character)| ('@'..='~').contains(character))?;
            return rest.get(..end + last.len_utf8());
        }
        _ => return None,
    };
    let last = rest.get(skipped..)?.chars().next()?;
    rest.get(..skipped + last.len_utf8())
}

/// An action of the person at the keyboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MenuAction {
    /// To see how the box is.
    Status,
    /// To choose a disk to install to.
    Disks,
    /// To install to it.
    Install(PathBuf),
    /// To see the settings that a stick has brought.
    Pending,
    /// To take them.
    Accept,
    /// Not to take them.
    Refuse,
    /// A support bundle on the stick.
    Bundle,
    /// To see the versions of the system that are not tried again.
    Quarantined,
    /// To have them tried again.
    Forgive,
    /// The appliance again.
    RestartBox,
    /// The machine again.
    Reboot,
    /// To switch the machine off.
    PowerOff,
}

/// A disk that may be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DiskChoice {
    /// Its device.
    pub(crate) device: PathBuf,
    /// What it is.
    pub(crate) text: Text,
    /// What a person types to show that they mean it.
    pub(crate) word: String,
}

/// What is on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Page {
    /// The list of what can be done.
    Main,
    /// Something to read.
    Read(Text),
    /// Something to read and to decide on: what "yes" and what "no" means.
    Decide {
        text: Text,
        /// What is done then.
        yes: MenuAction,
        /// What is done otherwise, if anything.
        no: Option<MenuAction>,
    },
    /// A disk is chosen.
    Choose(Vec<DiskChoice>),
    /// The word is typed that shows that a disk is meant.
    Type {
        /// The disk.
        choice: DiskChoice,
        /// What was typed so far.
        typed: String,
    },
    /// Something is being done; keys mean nothing.
    Busy(Text),
    /// The machine is to start from its disk once the stick is out.
    Installed(Text),
}

/// A line of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// What it says.
    pub(crate) text: String,
    /// Whether it is the one that Enter means.
    pub(crate) is_chosen: bool,
}

/// The menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Menu {
    lang: Lang,
    page: Page,
    /// The line that is chosen.
    at: usize,
}

/// What can be done.
const ENTRIES: [Text<&'static str>; 8] = [
    Text::fixed("Estado y dirección del equipo", "State and address of the box"),
    Text::fixed("Instalar en el disco interno", "Install to the internal disk"),
    Text::fixed("Ajustes que trae la memoria USB", "Settings on the USB stick"),
    Text::fixed("Guardar un informe de soporte en la memoria USB", "Write a support bundle to the USB stick"),
    Text::fixed("Versiones del sistema que se rechazan", "Versions of the system that are refused"),
    Text::fixed("Reiniciar el programa", "Restart the program"),
    Text::fixed("Reiniciar el equipo", "Restart the machine"),
    Text::fixed("Apagar el equipo", "Switch the machine off"),
];

impl Menu {
    /// At its beginning.
    #[must_use]
    pub(crate) fn new(lang: Lang) -> Self {
        Self { lang, page: Page::Main, at: 0 }
    }

    /// The language of the person at the keyboard.
    #[must_use]
    pub(crate) fn lang(&self) -> Lang {
        self.lang
    }

    /// Shows a page, as the result of an action.
    pub(crate) fn show(&mut self, page: Page) {
        // Progress is the same page: its reader has chosen nothing.
        self.at = 0;
        self.page = page;
    }

    /// Handles a key; returns the action to perform, if any.
    pub(crate) fn press(&mut self, key: Key) -> Option<MenuAction> {
        let is_typing = matches!(self.page, Page::Type { .. });
        if key == Key::Language || (!is_typing && matches!(key, Key::Char('l' | 'L'))) {
            self.lang = self.lang.pick(Lang::En, Lang::Es);
            return None;
        }
        let count = match &self.page {
            Page::Main => ENTRIES.len(),
            Page::Choose(choices) => choices.len(),
            _ => 0,
        };
        match key {
            Key::Up => self.at = self.at.checked_sub(1).unwrap_or(count.saturating_sub(1)),
            Key::Down => self.at = if self.at + 1 < count { self.at + 1 } else { 0 },
            Key::Char(digit @ '1'..='9') if count > 0 => {
                let at = usize::try_from(digit.to_digit(10).unwrap_or(1)).unwrap_or(1) - 1;
                if at < count {
                    self.at = at;
                    return self.enter();
                }
            }
            Key::Enter => return self.enter(),
            Key::Escape => self.leave(),
            Key::Erase | Key::Char(_) => return self.answer(key),
            Key::Language => {}
        }
        None
    }

    fn enter(&mut self) -> Option<MenuAction> {
        match &self.page {
            Page::Main => self.chosen(),
            Page::Choose(choices) => {
                let choice = choices.get(self.at)?.clone();
                self.show(Page::Type { choice, typed: String::new() });
                None
            }
            Page::Type { choice, typed } if *typed == choice.word => Some(MenuAction::Install(choice.device.clone())),
            Page::Type { .. } => {
                self.show(Page::Read(Text::new(
                    "No se ha confirmado: no se ha hecho nada.",
                    "Not confirmed: nothing was done.",
                )));
                None
            }
            Page::Read(_) => {
                self.show(Page::Main);
                None
            }
            Page::Installed(_) => Some(MenuAction::Reboot),
            // Enter is pressed too easily to mean yes.
            Page::Decide { .. } | Page::Busy(_) => None,
        }
    }

    /// The entry that is chosen.
    fn chosen(&mut self) -> Option<MenuAction> {
        let decide = |es: &str, en: &str, yes| Page::Decide { text: Text::new(es, en), yes, no: None };
        match self.at {
            0 => return Some(MenuAction::Status),
            1 => return Some(MenuAction::Disks),
            2 => return Some(MenuAction::Pending),
            3 => return Some(MenuAction::Bundle),
            4 => return Some(MenuAction::Quarantined),
            5 => self.show(decide("¿Reiniciar el programa?", "Restart the program?", MenuAction::RestartBox)),
            6 => self.show(decide(
                "¿Reiniciar el equipo? Los televisores esperan uno o dos minutos.",
                "Restart the machine? The TVs wait for a minute or two.",
                MenuAction::Reboot,
            )),
            _ => self.show(decide(
                "¿Apagar el equipo? Para encenderlo hay que pulsar su botón.",
                "Switch the machine off? Its button has to be pressed to switch it on.",
                MenuAction::PowerOff,
            )),
        }
        None
    }

    fn leave(&mut self) {
        if !matches!(self.page, Page::Busy(_) | Page::Installed(_)) {
            self.show(Page::Main);
        }
    }

    fn answer(&mut self, key: Key) -> Option<MenuAction> {
        match (&mut self.page, key) {
            (Page::Type { typed, .. }, Key::Erase) => {
                typed.pop();
                None
            }
            (Page::Type { typed, .. }, Key::Char(character)) => {
                if typed.chars().count() < MAX_TYPED {
                    typed.push(character);
                }
                None
            }
            // Each language's yes holds in both.
            (Page::Decide { yes, .. }, Key::Char('s' | 'S' | 'y' | 'Y')) => Some(yes.clone()),
            (Page::Decide { no, .. }, Key::Char('n' | 'N')) => {
                let no = no.clone();
                self.leave();
                no
            }
            _ => None,
        }
    }

    /// What the screen shows.
    #[must_use]
    pub(crate) fn lines(&self) -> Vec<Line> {
        let plain = |text: &str| Line { text: text.to_owned(), is_chosen: false };
        let text = |text: &Text| -> Vec<Line> { text.pick(self.lang).lines().take(MAX_LINES).map(plain).collect() };
        let listed = |texts: Vec<&str>| -> Vec<Line> {
            let line =
                |(at, text): (usize, &str)| Line { text: format!("{}. {text}", at + 1), is_chosen: at == self.at };
            texts.into_iter().enumerate().map(line).collect()
        };
        let mut lines = match &self.page {
            Page::Main => listed(ENTRIES.iter().map(|entry| entry.pick(self.lang)).collect()),
            Page::Choose(choices) => {
                let mut lines = text(&Text::new("¿En qué disco?\n\n", "To which disk?\n\n"));
                lines.extend(listed(choices.iter().map(|choice| choice.text.pick(self.lang)).collect()));
                lines
            }
            Page::Type { choice, typed } => {
                let mut lines = text(&choice.text);
                lines.extend(text(&to_go_on(&choice.word, typed)));
                lines
            }
            Page::Read(words) | Page::Decide { text: words, .. } | Page::Busy(words) | Page::Installed(words) => {
                text(words)
            }
        };
        lines.push(plain(""));
        lines.push(plain(self.hint().pick(self.lang)));
        lines
    }

    /// What the keys do.
    fn hint(&self) -> Text<&'static str> {
        match &self.page {
            Page::Main | Page::Choose(_) => Text::fixed(
                "Flechas e Intro, o una cifra.  L: English.  Esc: volver.  Alt+F1: pantalla del equipo.",
                "Arrows and Enter, or a digit.  L: español.  Esc: back.  Alt+F1: the box's screen.",
            ),
            Page::Read(_) => Text::fixed("Intro: volver.  L: English.", "Enter: back.  L: español."),
            Page::Decide { .. } => Text::fixed("S: sí.  N: no.  Esc: volver.", "Y: yes.  N: no.  Esc: back."),
            Page::Type { .. } => Text::fixed("Esc: volver sin hacer nada.", "Esc: back, and nothing is done."),
            Page::Busy(_) => Text::fixed("Espere, por favor.", "Please wait."),
            Page::Installed(_) => Text::fixed("Intro: reiniciar.", "Enter: restart."),
        }
    }
}

fn to_go_on(word: &str, typed: &str) -> Text {
    Text::new(
        format!("\nSe borra TODO lo que hay en ese disco.\nPara seguir, escriba {word} y pulse Intro: {typed}_"),
        format!("\nEVERYTHING on that disk is lost.\nTo go on, type {word} and press Enter: {typed}_"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn type_in(menu: &mut Menu, bytes: &[u8]) -> Option<MenuAction> {
        let mut wish = None;
        for key in keys(bytes) {
            assert_eq!(wish, None, "a key after a wish");
            wish = menu.press(key);
        }
        wish
    }

    fn shown(menu: &Menu) -> String {
        menu.lines().iter().map(|line| line.text.clone() + "\n").collect()
    }

    #[test]
    fn keys_are_known_by_what_terminals_send() {
        use Key::{Char, Down, Enter, Erase, Escape, Language, Up};
        for (bytes, expected) in [
            (&b"\x1b[A\x1bOB"[..], &[Up, Down][..]),
            (b"\x1b", &[Escape]),
            (b"\x1b[[B\x1bOQ\x1b[12~", &[Language, Language, Language]),
            (b"\x1b[[A\x1b[5~\x1b[1;5C3", &[Char('3')]),
            (b"ab\r\x7f\x08\n", &[Char('a'), Char('b'), Enter, Erase, Erase, Enter]),
            ("ñ".as_bytes(), &[Char('ñ')]),
            (b"\xff\x00\x03", &[]),
            (b"\x1b[", &[Escape, Char('[')]),
        ] {
            assert_eq!(keys(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn entries_are_chosen_by_digit_and_by_arrow() {
        let mut menu = Menu::new(Lang::Es);
        assert_eq!(type_in(&mut menu, b"1"), Some(MenuAction::Status));
        assert_eq!(type_in(&mut menu, b"\x1b[B\r"), Some(MenuAction::Disks));
        assert_eq!(type_in(&mut menu, b"\x1b[B\x1b[B\r"), Some(MenuAction::Bundle));
        assert_eq!(type_in(&mut Menu::new(Lang::Es), b"\x1b[A\r"), None, "the last one, which asks");
        assert_eq!(type_in(&mut Menu::new(Lang::Es), b"9"), None);
        assert_eq!(Menu::new(Lang::Es).lines().iter().filter(|line| line.is_chosen).count(), 1);
    }

    #[test]
    fn what_interrupts_the_tvs_asks_first_and_enter_is_no_yes() {
        for (digit, wish) in [(b"6", MenuAction::RestartBox), (b"7", MenuAction::Reboot), (b"8", MenuAction::PowerOff)]
        {
            for (more, expected) in [(&b"\r"[..], None), (b"n", None), (b"s", Some(wish.clone())), (b"Y", Some(wish))] {
                let mut menu = Menu::new(Lang::En);
                assert_eq!(type_in(&mut menu, digit), None);
                assert_eq!(type_in(&mut menu, more), expected);
            }
        }
    }

    #[test]
    fn a_disk_is_taken_only_for_the_word_that_names_it() {
        let choice = DiskChoice {
            device: "/dev/nvme0n1".into(),
            text: Text::new("Disco de 256 GB", "Disk of 256 GB"),
            word: "e0n1".into(),
        };
        for (typed, expected) in [
            (&b"e0n1\r"[..], Some(MenuAction::Install("/dev/nvme0n1".into()))),
            (b"e0nX\x7f1\r", Some(MenuAction::Install("/dev/nvme0n1".into()))),
            (b"E0N1\r", None),
            (b"\r", None),
            (b"l\r", None),
            (b"\x1b", None),
        ] {
            let mut menu = Menu::new(Lang::Es);
            menu.show(Page::Choose(vec![choice.clone()]));
            assert_eq!(type_in(&mut menu, b"1"), None);
            assert!(shown(&menu).contains("256 GB") && shown(&menu).contains("escriba e0n1"), "{}", shown(&menu));
            assert_eq!(type_in(&mut menu, typed), expected, "{typed:?}");
        }
    }

    #[test]
    fn nothing_interrupts_what_is_being_done() {
        let mut menu = Menu::new(Lang::Es);
        menu.show(Page::Busy(Text::new("copiando", "copying")));
        assert_eq!(type_in(&mut menu, b"\x1b7s\r1"), None);
        assert!(shown(&menu).contains("copiando"));
        menu.show(Page::Installed(Text::new("retire", "pull")));
        assert_eq!(type_in(&mut menu, b"\x1b"), None);
        assert_eq!(type_in(&mut menu, b"\r"), Some(MenuAction::Reboot));
    }

    #[test]
    fn every_page_is_in_both_languages() {
        let text = || Text::new("hola", "hello");
        let choice = DiskChoice { device: "/dev/sda".into(), text: text(), word: "sda".into() };
        for page in [
            Page::Main,
            Page::Read(text()),
            Page::Decide { text: text(), yes: MenuAction::Accept, no: Some(MenuAction::Refuse) },
            Page::Choose(vec![choice.clone()]),
            Page::Busy(text()),
            Page::Installed(text()),
        ] {
            let mut menu = Menu::new(Lang::Es);
            menu.show(page);
            let spanish = shown(&menu);
            assert_eq!(menu.press(Key::Char('l')), None);
            assert_ne!(spanish, shown(&menu));
            assert_eq!((menu.press(Key::Language), shown(&menu)), (None, spanish));
        }
    }

    #[test]
    fn a_no_to_settings_refuses_them_and_going_back_does_not() {
        let page = || Page::Decide { text: Text::new("", ""), yes: MenuAction::Accept, no: Some(MenuAction::Refuse) };
        for (bytes, expected) in [(b"n", Some(MenuAction::Refuse)), (b"\x1b", None), (b"y", Some(MenuAction::Accept))] {
            let mut menu = Menu::new(Lang::En);
            menu.show(page());
            assert_eq!(type_in(&mut menu, bytes), expected);
        }
    }
}
