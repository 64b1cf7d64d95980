//! Updates of real boxes from real repositories.
