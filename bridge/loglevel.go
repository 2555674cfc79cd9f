package bridge

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"
)

// logLevels are the words of LOG_LEVEL.
func logLevels() []string { return []string{"trace", "debug", "info", "warn", "error"} }

// LogLevels decides at run time what is logged: one level for all, and one for each
// hub that has its own. Loggers take part by their hook; their own level must let
// everything pass.
type LogLevels struct {
	setting zerolog.Level
	all     atomic.Int32
	mu      sync.Mutex
	hubs    atomic.Pointer[map[string]*atomic.Int32] // noLevel: as all; a map is never changed
}

const noLevel = int32(zerolog.NoLevel)

// NewLogLevels begins with the level of the settings, for the hubs of these names.
func NewLogLevels(setting zerolog.Level, hubs []string) *LogLevels {
	l := &LogLevels{setting: setting}
	l.all.Store(int32(setting))
	l.hubs.Store(&map[string]*atomic.Int32{})
	for _, name := range hubs {
		l.add(name)
	}
	return l
}

// add gives a hub a level of its own; one that has it keeps it.
func (l *LogLevels) add(hub string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	next := maps.Clone(*l.hubs.Load())
	if next[hub] == nil {
		next[hub] = &atomic.Int32{}
		next[hub].Store(noLevel)
		l.hubs.Store(&next)
	}
}

// Hook drops what a hub's logger (empty: any other) is not to say.
func (l *LogLevels) Hook(hub string) zerolog.Hook {
	return zerolog.HookFunc(func(e *zerolog.Event, level zerolog.Level, _ string) {
		if level < l.level(hub) {
			e.Discard()
		}
	})
}

func (l *LogLevels) level(hub string) zerolog.Level {
	if own, ok := (*l.hubs.Load())[hub]; ok {
		if level := own.Load(); level != noLevel {
			return zerolog.Level(level) //nolint:gosec // it was one
		}
	}
	return zerolog.Level(l.all.Load())
}

// Level is the word for what a hub (empty: the bridge) logs.
func (l *LogLevels) Level(hub string) string { return l.level(hub).String() }

// Set changes the level of one hub, or of everything where hub is empty. An empty
// word is the setting again.
func (l *LogLevels) Set(hub, word string) error {
	level := l.setting
	if word != "" {
		if !slices.Contains(logLevels(), word) {
			return fmt.Errorf("%q is none of %s", word, strings.Join(logLevels(), ", "))
		}
		level, _ = zerolog.ParseLevel(word) // the words are zerolog's own
	}
	if hub != "" {
		own, ok := (*l.hubs.Load())[hub]
		if !ok {
			return fmt.Errorf("there is no hub %q", hub)
		}
		own.Store(int32(level))
		if word == "" {
			own.Store(noLevel)
		}
		return nil
	}
	l.all.Store(int32(level))
	for _, own := range *l.hubs.Load() {
		own.Store(noLevel)
	}
	return nil
}
