package hubs

import "testing"

func TestGlob(t *testing.T) {
	cases := []struct {
		pattern string
		parses  bool
		exact   bool
		fits    []string
		not     []string
	}{
		{"Kitchen *", true, false, []string{"kitchen lamp", "KITCHEN A/B", "kitchen "}, []string{"kitchen", "my kitchen lamp", ""}},
		{"lamp", true, true, []string{"Lamp"}, []string{"lamps", ""}},
		{"p?[12]", true, false, []string{"px1", "p/2"}, []string{"p3", "px3"}},
		{"*", true, false, []string{"a", "a/b"}, []string{""}},
		{`a\*`, true, false, []string{"a*"}, []string{"ab"}},
		{"[x", false, false, nil, []string{"[x", "x"}},
		{"", true, true, nil, []string{"", "a"}},
	}
	for _, c := range cases {
		t.Run(c.pattern, func(t *testing.T) {
			g, ok := ParseGlob(c.pattern)
			if ok != c.parses || ok && g.Exact() != c.exact {
				t.Errorf("want parses %v exact %v, got %v %v", c.parses, c.exact, ok, g.Exact())
			}
			for _, s := range c.fits {
				if !g.Match("other", Fold(s)) {
					t.Errorf("want it to fit %q", s)
				}
			}
			for _, s := range c.not {
				if g.Match(Fold(s)) {
					t.Errorf("want it not to fit %q", s)
				}
			}
		})
	}
}

func TestGlobCutEntity(t *testing.T) {
	for _, c := range []struct{ in, device, entity string }{
		{"Hall/Contact", "hall", "contact"},
		{"a/b/c", "a" + slashSign + "b", "c"},
		{"*/battery", "*", "battery"},
		{"hall", "", ""},
		{"/x", "", ""},
		{"x/", "", ""},
	} {
		g, _ := ParseGlob(c.in)
		if d, e := g.CutEntity(); string(d) != c.device || string(e) != c.entity {
			t.Errorf("%s: want %q %q, got %q %q", c.in, c.device, c.entity, d, e)
		}
	}
}
