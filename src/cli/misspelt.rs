//! What a mistyped flag or command was meant to be. clap compares words by their common letters, which finds no `--top`
//! in `--tpo`; one slip of the hand is looked for first, and clap's own suggestion stands where there is none.

use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue};

use crate::error::misspelt;

/// Puts the flag or command that was meant into clap's error, as far as a slip of the hand explains the word.
/// `arguments` are the program's, `command` is its whole command line.
pub(super) fn suggest(error: &mut clap::Error, mut command: Command, arguments: &[OsString]) {
    // Completes the flags and usage of every command.
    command.build();
    let mut at = &mut command;
    for word in arguments.iter().skip(1).filter_map(|argument| argument.to_str()) {
        if at.find_subcommand(word).is_some() {
            let Some(below) = at.find_subcommand_mut(word) else { return };
            at = below;
        }
    }
    let invalid = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.clone()),
        _ => None,
    };
    if let Some(word) = invalid(ContextKind::InvalidSubcommand) {
        let names = at.get_subcommands().filter(|command| !command.is_hide_set()).map(Command::get_name);
        if let Some(meant) = misspelt(&word, names) {
            let meant = ContextValue::Strings(vec![meant.to_owned()]);
            error.insert(ContextKind::SuggestedSubcommand, meant);
        }
    } else if let Some(word) = invalid(ContextKind::InvalidArg) {
        let Some(word) = word.strip_prefix("--") else { return };
        let names = at.get_arguments().filter(|argument| !argument.is_hide_set()).filter_map(clap::Arg::get_long);
        if let Some(meant) = misspelt(word, names).map(|meant| format!("--{meant}")) {
            error.remove(ContextKind::Suggested);
            error.insert(ContextKind::SuggestedArg, ContextValue::String(meant));
            error.insert(ContextKind::Usage, ContextValue::StyledStr(at.render_usage()));
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::Outflow;
    use super::*;

    fn message(arguments: &[&str]) -> String {
        let arguments: Vec<OsString> = ["outflow"].iter().chain(arguments).map(Into::into).collect();
        let mut error = Outflow::command().try_get_matches_from(&arguments).unwrap_err();
        suggest(&mut error, Outflow::command(), &arguments);
        error.render().to_string()
    }

    #[test]
    fn one_slip_of_the_hand_finds_the_flag_and_the_command() {
        for (typed, meant) in [
            (&["top", "logs", "--tpo", "5"][..], "'--top'"),
            (&["top", "logs", "--tpo=5"], "'--top'"),
            (&["top", "logs", "--form", "7d"], "'--from'"),
            (&["prices", "show", "--cahrge", "nat"], "'--charge'"),
            (&["tpo", "logs"], "'top'"),
            (&["prices", "shwo"], "'show'"),
        ] {
            let message = message(typed);
            assert!(message.contains("similar") && message.contains(meant), "{typed:?}: {message}");
            assert!(!message.contains("--output"), "{typed:?}: {message}");
        }
    }

    #[test]
    fn a_word_that_is_no_slip_keeps_what_clap_says_of_it() {
        assert!(message(&["top", "--nonsense", "logs"]).contains("use '-- --nonsense'"));
        assert!(message(&["top", "--last-day", "logs"]).contains("'--last'"));
        assert!(!message(&["top", "logs", "-x"]).contains("similar"));
        assert!(message(&["top"]).contains("<PATH>"));
    }
}
