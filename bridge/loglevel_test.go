package bridge

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
)

func TestLogLevels(t *testing.T) {
	levels := NewLogLevels(zerolog.InfoLevel, []string{"toy", "cabin"})
	var out bytes.Buffer
	base := zerolog.New(&out)
	loggers := map[string]zerolog.Logger{}
	for _, hub := range []string{"", "toy", "cabin"} {
		loggers[hub] = base.With().Str("hub", hub).Logger().Hook(levels.Hook(hub)).With().Str("part", "x").Logger()
	}
	said := func() string {
		out.Reset()
		for _, hub := range []string{"", "toy", "cabin"} {
			log := loggers[hub]
			log.Debug().Msg(hub + ":debug")
			log.Warn().Msg(hub + ":warn")
		}
		var words []string
		for line := range strings.Lines(out.String()) {
			_, word, _ := strings.Cut(line, `"message":"`)
			words = append(words, strings.TrimSuffix(strings.TrimSpace(word), `"}`))
		}
		return strings.Join(words, " ")
	}
	cases := []struct{ name, hub, word, want string }{
		{"the setting", "", "", ":warn toy:warn cabin:warn"},
		{"one hub more", "toy", "debug", ":warn toy:debug toy:warn cabin:warn"},
		{"one hub less", "cabin", "error", ":warn toy:debug toy:warn"},
		{"one hub as set", "toy", "", ":warn toy:warn"},
		{"all more", "", "trace", ":debug :warn toy:debug toy:warn cabin:debug cabin:warn"},
		{"all less", "", "error", ""},
		{"all as set", "", "", ":warn toy:warn cabin:warn"},
	}
	for _, c := range cases {
		if err := levels.Set(c.hub, c.word); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.want, said()); diff != "" {
			t.Errorf("%s (-want +got)\n%s", c.name, diff)
		}
	}
	if levels.Set("attic", "debug") == nil || levels.Set("", "loud") == nil || levels.Set("", "disabled") == nil {
		t.Error("want errors for what is not there")
	}
}
