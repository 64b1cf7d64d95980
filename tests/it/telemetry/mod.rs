//! Who is told how the box is: real boxes, and a server that takes what they send.

mod heartbeat;
mod metrics;
