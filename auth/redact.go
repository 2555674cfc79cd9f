package auth

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	// minMasked is the least length of a secret that is masked. A shorter one, a lock's PIN say, occurs in numbers and
	// times by chance: masking it would spoil the log and, by what is missing, give it away. Secret hides it anyway.
	minMasked = 6
	// minCore is the least length of a base64 fragment that is masked, for the same reason.
	minCore = 7
	// maxPassing is how many rotated tokens are remembered; the oldest, long dead, make room.
	maxPassing = 256
)

// Redactor is an io.Writer that masks known secrets in what goes through: raw, JSON-escaped, URL-escaped and in base64,
// alone or inside something longer such as a Basic header. Each Write must hold whole lines, as zerolog's do. It is a
// second net below Secret: secrets shorter than six bytes pass. It is safe for concurrent use if the writer below is;
// a secret is masked in every Write that begins after Add returned.
type Redactor struct {
	w     io.Writer
	table atomic.Pointer[patterns]

	mu      sync.Mutex
	fixed   map[Secret]bool
	passing []Secret
}

// Mask returns text with secrets masked in every form that a Redactor knows: for what a
// server says, which may quote what it was sent, before it becomes part of an error.
func Mask(text string, secrets ...Secret) string {
	r := NewRedactor(io.Discard)
	r.Add(secrets...)
	p := r.table.Load()
	if p == nil || text == "" {
		return text
	}
	return string(p.mask([]byte(text)))
}

// patterns finds texts by their first four bytes. It never changes once built.
type patterns struct {
	first [256]bool
	by    map[uint32][]string // longest first
}

var _ io.Writer = (*Redactor)(nil)

// NewRedactor returns a Redactor that writes to w and knows no secret yet.
func NewRedactor(w io.Writer) *Redactor { return &Redactor{w: w, fixed: map[Secret]bool{}} }

// To returns a writer to w that masks what r knows, now and later.
func (r *Redactor) To(w io.Writer) io.Writer { return &also{r, w} }

type also struct {
	r *Redactor
	w io.Writer
}

func (a *also) Write(b []byte) (int, error) { return a.r.maskTo(a.w, b) }

// Add makes secrets known for as long as r lives.
func (r *Redactor) Add(secrets ...Secret) { r.learn(secrets, true) }

// addPassing makes secrets known that are replaced again and again.
func (r *Redactor) addPassing(secrets ...Secret) { r.learn(secrets, false) }

func (r *Redactor) learn(secrets []Secret, fixed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	changed := false
	for _, s := range secrets {
		i := slices.Index(r.passing, s)
		switch {
		case len(s) < minMasked || r.fixed[s]:
			continue
		case fixed:
			r.fixed[s] = true
		case i >= 0: // seen again: the newest now
			r.passing = append(slices.Delete(r.passing, i, i+1), s)
			continue
		default:
			if len(r.passing) == maxPassing {
				r.passing = slices.Delete(r.passing, 0, 1)
			}
			r.passing = append(r.passing, s)
		}
		changed = true
	}
	if changed {
		r.table.Store(r.build())
	}
}

func (r *Redactor) build() *patterns {
	p := &patterns{by: map[uint32][]string{}}
	add := func(s Secret) {
		for _, text := range variants(s.Reveal()) {
			p.first[text[0]] = true
			key := binary.LittleEndian.Uint32([]byte(text[:4]))
			if !slices.Contains(p.by[key], text) {
				p.by[key] = append(p.by[key], text)
			}
		}
	}
	for s := range r.fixed {
		add(s)
	}
	for _, s := range r.passing {
		add(s)
	}
	for _, texts := range p.by {
		slices.SortFunc(texts, func(a, b string) int { return len(b) - len(a) })
	}
	return p
}

// Write masks and passes on. It reports len(b) when everything was written, however long the masked text is.
func (r *Redactor) Write(b []byte) (int, error) { return r.maskTo(r.w, b) }

func (r *Redactor) maskTo(w io.Writer, b []byte) (int, error) {
	masked := b
	if p := r.table.Load(); p != nil {
		masked = p.mask(b)
	}
	n, err := w.Write(masked)
	if err != nil {
		return min(n, len(b)), err
	}
	return len(b), nil
}

// mask returns b itself if it holds no secret.
func (p *patterns) mask(b []byte) []byte {
	var out []byte
	from := 0
	for i := 0; i+4 <= len(b); {
		n := 0
		if p.first[b[i]] {
			n = p.match(b[i:])
		}
		if n == 0 {
			i++
			continue
		}
		if out == nil {
			out = make([]byte, 0, len(b))
		}
		out = append(append(out, b[from:i]...), redacted...)
		i += n
		from = i
	}
	if out == nil {
		return b
	}
	return append(out, b[from:]...)
}

func (p *patterns) match(b []byte) int {
	for _, text := range p.by[binary.LittleEndian.Uint32(b)] {
		if len(b) >= len(text) && string(b[:len(text)]) == text {
			return len(text)
		}
	}
	return 0
}

// variants lists the forms in which s may reach a log.
func variants(s string) []string {
	v := []string{s}
	if b, err := json.Marshal(s); err == nil {
		v = append(v, string(b[1:len(b)-1]))
	}
	var plain strings.Builder
	enc := json.NewEncoder(&plain)
	enc.SetEscapeHTML(false)
	if enc.Encode(s) == nil {
		t := strings.TrimSuffix(plain.String(), "\n")
		v = append(v, t[1:len(t)-1])
	}
	for _, t := range []string{url.QueryEscape(s), url.PathEscape(s)} {
		v = append(v, t, lowerEscapes(t))
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		whole := enc.EncodeToString([]byte(s))
		v = append(v, whole, strings.TrimRight(whole, "="))
		for shift := range 3 {
			if core := base64Core(enc, s, shift); len(core) >= minCore {
				v = append(v, core)
			}
		}
	}
	slices.Sort(v)
	return slices.Compact(v)
}

// lowerEscapes writes %2B as %2b, as some encoders do.
func lowerEscapes(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], strings.ToLower(string(b[i+1:i+3])))
			i += 2
		}
	}
	return string(b)
}

// base64Core is what any base64 text shows of s when shift bytes (modulo 3) stand before it: the characters made of
// bits of s alone.
func base64Core(enc *base64.Encoding, s string, shift int) string {
	raw := enc.WithPadding(base64.NoPadding)
	text := raw.EncodeToString(append(make([]byte, shift), s...))
	start := (shift*8 + 5) / 6
	end := (shift + len(s)) * 8 / 6
	return text[start:end]
}
