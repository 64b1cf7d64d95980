//! The box on networks of which it knows only a part: behind a proxy, with names that DNS does not know, and with
//! addresses that do not answer. Its release repository is at the other end.

mod names;
mod proxies;
mod tinyproxy;
mod workshop;
