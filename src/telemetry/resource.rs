//! Which box it is that speaks.

/// What distinguishes the box in a fleet.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    /// The box's id.
    pub(crate) id: String,
    /// Its name in the network.
    pub(crate) name: String,
    /// The workshop, as the display's title has it.
    pub(crate) workshop: String,
    /// The channel of releases that it follows.
    pub(crate) channel: &'static str,
}

impl Resource {
    /// As OpenTelemetry describes what speaks; the names are its own where it has one.
    pub(super) fn attributes(&self) -> [(&'static str, &str); 6] {
        [
            ("service.name", "workshop-edge"),
            ("service.version", crate::VERSION),
            ("service.instance.id", &self.id),
            ("host.name", &self.name),
            ("workshop", &self.workshop),
            ("deployment.channel", self.channel),
        ]
    }
}
