//! The progress bar, shown where a person looks.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::input::Input;

/// Shows how far a command is.
pub(super) struct Meter {
    bar: ProgressBar,
}

impl Meter {
    /// Starts a bar on standard error; it stays hidden if that is no terminal.
    pub(super) fn start(inputs: &[Input]) -> Self {
        Self::over(inputs.iter().map(Input::size).sum())
    }

    /// The same for so many bytes, if that is known.
    pub(super) fn over(total: Option<u64>) -> Self {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(5));
        let template = match total {
            Some(_) => "{bar:30} {percent}% of {total_bytes}, {msg} ({binary_bytes_per_sec}, {eta} left)",
            None => "{spinner} {bytes}, {msg} ({binary_bytes_per_sec})",
        };
        // The template is one of the two above, and both are sound.
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar }
    }

    /// Moves the bar.
    pub(super) fn show(&self, bytes: u64, events: u64) {
        if !self.bar.is_hidden() {
            let seconds = self.bar.elapsed().as_secs_f64().max(0.001);
            #[expect(clippy::cast_precision_loss, reason = "for people to read")]
            self.bar.set_message(format!("{events} events, {:.0} a second", events as f64 / seconds));
            self.bar.set_position(bytes);
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
