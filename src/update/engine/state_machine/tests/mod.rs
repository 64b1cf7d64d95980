//! The state machine in virtual time: every event in every state, scenarios, and what holds in any order of events.

mod fixtures;
mod matrix;
mod scenarios;
mod walks;
