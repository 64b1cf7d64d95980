//! What a box is left with when the power goes, or when it is killed, at any moment of an update; and what it keeps of the ERP's figures and of its
//! telemetry.

mod data;
mod erp;
mod kills;
mod loss;
mod recorder;
mod replay;
mod telemetry;
mod workshop;
