//! What a box is left with when the power goes, or when it is killed, at any moment of an update.

mod data;
mod kills;
mod loss;
mod recorder;
mod replay;
mod workshop;
