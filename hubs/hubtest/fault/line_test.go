package fault

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// stream is what a client hears of a Line: when and what.
type stream struct {
	mu    sync.Mutex
	line  *Line
	start time.Time
	heard []string
}

func open(t *Table, p Plan) *stream {
	s := &stream{start: time.Now()}
	s.line = t.OpenLine(p, &s.mu, func(msg []byte) { s.hear(string(msg)) }, func(code int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.hear(fmt.Sprint("end ", code))
	})
	return s
}

func (s *stream) hear(what string) {
	s.heard = append(s.heard, fmt.Sprintf("%ds %s", int(time.Since(s.start).Seconds()), what))
}

func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // the bubble's clock
	synctest.Wait()
}

// Four updates, two seconds apart.
func TestPushes(t *testing.T) {
	for name, c := range map[string]struct {
		faults []Fault
		want   string
	}{
		"none":               {nil, "0s a, 2s b, 4s c, 6s d"},
		"duplicate":          {[]Fault{{Kind: Duplicate}}, "0s a, 0s a, 2s b, 4s c, 6s d"},
		"three times":        {[]Fault{{Kind: Duplicate, Size: 2, Skip: 3}}, "0s a, 2s b, 4s c, 6s d, 6s d, 6s d"},
		"lost":               {[]Fault{{Kind: Lost, Times: 2, Skip: 1}}, "0s a, 6s d"},
		"all lost":           {[]Fault{{Kind: Lost, Times: Always}}, ""},
		"for a while":        {[]Fault{{Kind: Lost, Times: Always, For: 3 * time.Second}}, "4s c, 6s d"},
		"out of order":       {[]Fault{{Kind: OutOfOrder}}, "2s b, 2s a, 4s c, 6s d"},
		"two held":           {[]Fault{{Kind: OutOfOrder, Times: 2}}, "4s c, 4s a, 4s b, 6s d"},
		"held, none follows": {[]Fault{{Kind: OutOfOrder, Skip: 3}}, "0s a, 2s b, 4s c, 16s d"},
		"held, in time":      {[]Fault{{Kind: OutOfOrder, Delay: time.Second}}, "1s a, 2s b, 4s c, 6s d"},
		"delayed":            {[]Fault{{Kind: Delayed, Delay: 3 * time.Second}}, "2s b, 3s a, 4s c, 6s d"},
		"truncated":          {[]Fault{{Kind: Truncated, Match: "news"}}, "0s , 2s b, 4s c, 6s d"},
		"pushes only":        {[]Fault{{Kind: Truncated, Role: Pushed}}, "0s , 2s b, 4s c, 6s d"},
		"simulator's own":    {[]Fault{{Kind: "garbled"}}, "0s agarbled, 2s b, 4s c, 6s d"},
		"slow":               {[]Fault{{Kind: Slow, Match: "n*", Delay: time.Second}}, "1s a, 2s b, 4s c, 6s d"},
		"of another name":    {[]Fault{{Kind: Lost, Match: "events"}}, "0s a, 2s b, 4s c, 6s d"},
		"of calls":           {[]Fault{{Kind: Truncated}, {Kind: HTML, Match: "news"}}, "0s a, 2s b, 4s c, 6s d"},
		"two at once":        {[]Fault{{Kind: Duplicate}, {Kind: Delayed, Delay: time.Second}}, "1s a, 1s a, 2s b, 4s c, 6s d"},
		"mute":               {[]Fault{{Kind: Mute}}, ""},
		"mute for a while":   {[]Fault{{Kind: Mute, For: 3 * time.Second}}, "4s c, 6s d"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				table := Table{
					Own:   map[Kind]Manner{"garbled": OfPush},
					Spoil: func(f Fault, msg []byte) []byte { return append(msg, string(f.Kind)...) },
				}
				s := open(&table, Plan{})
				defer s.line.Close()
				for _, f := range c.faults {
					table.Fail(f)
				}
				for _, what := range []string{"a", "b", "c", "d"} {
					s.mu.Lock()
					s.line.Send([]byte(what), table.Push("news"))
					s.mu.Unlock()
					pass(2 * time.Second)
				}
				pass(20 * time.Second)
				if diff := cmp.Diff(c.want, strings.Join(s.heard, ", ")); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		})
	}
}

// An order before a queue: updates come whether streams are open, mute or not.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var table Table
		var mu sync.Mutex
		var got []string
		o := NewOrder(&mu)
		table.Fail(Fault{Kind: Mute, Times: Always})
		for _, f := range []Fault{
			{Kind: Delayed, Delay: 5 * time.Second}, {Kind: OutOfOrder, Skip: 1}, {Kind: Duplicate, Skip: 2}, {Kind: Lost, Skip: 3},
		} {
			table.Fail(f)
		}
		for _, what := range []string{"late", "held", "twice", "lost", "last"} {
			p := table.Push("news")
			mu.Lock()
			o.Hand(p, func() { got = append(got, fmt.Sprint(what, " ", 1+p.Copies)) })
			mu.Unlock()
		}
		pass(time.Minute)
		if want := []string{"twice 2", "held 1", "last 1", "late 1"}; !slices.Equal(want, got) {
			t.Errorf("want %q, got %q", want, got)
		}
	})
}

func TestLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var table Table
		steady := open(&table, Plan{})
		table.Fail(Fault{Kind: Flap, Delay: 3 * time.Second, Code: 1012})
		flapping := open(&table, table.Take(Request{Role: Stream}))
		table.Fail(Fault{Kind: OutOfOrder})
		for _, s := range []*stream{steady, flapping} {
			s.mu.Lock()
			s.line.Say([]byte("hello"))
			s.mu.Unlock()
		}
		pass(5 * time.Second)
		if n := table.Open(); n != 2 {
			t.Errorf("want 2 open streams, got %d", n)
		}
		flapping.line.Close()
		table.Drop(1001)
		flapping.mu.Lock()
		flapping.line.Say([]byte("too late"))
		flapping.mu.Unlock()
		steady.line.Close()
		table.Drop(0)
		pass(time.Minute)
		if want := []string{"0s hello", "5s end 1001"}; !slices.Equal(want, steady.heard) {
			t.Errorf("want %q, got %q", want, steady.heard)
		}
		if want := []string{"0s hello", "3s end 1012"}; !slices.Equal(want, flapping.heard) {
			t.Errorf("want %q, got %q", want, flapping.heard)
		}
	})
}

func TestSpread(t *testing.T) {
	for name, c := range map[string]struct {
		faults []Fault
		want   [][]int
	}{
		"together":              {nil, [][]int{{1, 2, 3}}},
		"split":                 {[]Fault{{Kind: Split}}, [][]int{{1}, {2}, {3}}},
		"split, last one first": {[]Fault{{Kind: Split}, {Kind: OutOfOrder}}, [][]int{{3}, {2}, {1}}},
		"bounce":                {[]Fault{{Kind: Bounce}}, [][]int{{1, 2, 3}, {-1, -2, -3}, {1, 2, 3}}},
		"bounce twice":          {[]Fault{{Kind: Bounce, Size: 2}}, [][]int{{1, 2, 3}, {-1, -2, -3}, {1, 2, 3}, {-1, -2, -3}, {1, 2, 3}}},
	} {
		var table Table
		for _, f := range c.faults {
			table.Fail(f)
		}
		p := table.Push("news")
		if diff := cmp.Diff(c.want, Spread(&p, []int{1, 2, 3}, func(n int) int { return -n })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
