package broker

import (
	"context"
	"log/slog"

	"github.com/rs/zerolog"
)

// logHandler hands the server's warnings to zerolog. Whole packets, which the server likes to log, stay out: they hold
// payloads and passwords.
type logHandler struct{ slog.Handler }

func newLog(log zerolog.Logger) *slog.Logger {
	return slog.New(logHandler{zerolog.NewSlogHandler(log)})
}

// Enabled lets warnings and errors through.
func (h logHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}

// Handle writes r without packets.
func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != "pk" && a.Key != "packet" {
			clean.AddAttrs(a)
		}
		return true
	})
	return h.Handler.Handle(ctx, clean) //nolint:wrapcheck // a handler around a handler
}

// WithAttrs keeps the filter.
func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the filter.
func (h logHandler) WithGroup(name string) slog.Handler {
	return logHandler{h.Handler.WithGroup(name)}
}
