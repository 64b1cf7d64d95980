//! Whatever goes wrong with an update, on a whole box: it shows its display, runs the version that it ran, says what is
//! wrong, loses nothing, and is updated once things are right again.

mod attacks;
mod binaries;
mod clock;
mod forge;
mod releases;
mod rollback;
mod storage;
mod transport;
mod updaters;
mod world;
