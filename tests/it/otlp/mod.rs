//! Payloads of OpenTelemetry: a real Prometheus is sent the same, and what it stores is what is read here.

mod endpoint;
mod golden;
mod ours;
mod requests;
