package web

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"math"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
)

const (
	sessionLife = 7 * 24 * time.Hour
	maxSessions = 256
)

// guard is who may come in.
type guard struct {
	read    func() (auth.Secret, error) // the password, anew
	public  *url.URL                    // where browsers find us; nil: not known
	trusted []netip.Addr
	cookie  string
	now     func() time.Time
	slow    *slowdown
	log     zerolog.Logger

	mu       sync.Mutex
	password auth.Secret // empty: none is asked for
	sessions map[[32]byte]time.Time
}

// open tells whether no password is asked for.
func (g *guard) open() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.password == ""
}

// right compares in a time that depends on nothing. A password that differs may have
// been changed in its file: then old sessions end.
func (g *guard) right(guess string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if equal(guess, g.password) {
		return true
	}
	fresh, err := g.read()
	if err != nil || fresh == "" || fresh.Equal(g.password) {
		return false
	}
	g.password = fresh
	clear(g.sessions)
	g.log.Info().Msg("HTTP_PASSWORD was changed")
	return equal(guess, fresh)
}

// equal hashes first: lengths must not show either.
func equal(guess string, password auth.Secret) bool {
	a, b := sha256.Sum256([]byte(guess)), sha256.Sum256([]byte(password.Reveal()))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// admission is what became of a request's credentials.
type admission struct {
	ok    bool
	tried bool          // there were some, and they are wrong
	wait  time.Duration // they were not looked at: so long
}

// admit looks at a request's cookie and its Basic credentials, whatever the user's name.
func (g *guard) admit(r *http.Request) admission {
	if g.open() || g.isTrusted(r) || g.hasSession(r) {
		return admission{ok: true}
	}
	_, password, basic := r.BasicAuth()
	if !basic {
		return admission{}
	}
	return g.try(r, password)
}

func (g *guard) try(r *http.Request, password string) admission {
	ok, wait := g.slow.try(remote(r), password, func() bool { return g.right(password) })
	return admission{ok: ok, tried: !ok && wait == 0, wait: wait}
}

// isTrusted tells whether the request comes from Home Assistant's own door, which has
// asked for a password.
func (g *guard) isTrusted(r *http.Request) bool {
	return slices.Contains(g.trusted, remote(r))
}

func remote(r *http.Request) netip.Addr {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr().Unmap()
}

func (g *guard) hasSession(r *http.Request) bool {
	c, err := r.Cookie(g.cookie)
	if err != nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	until, ok := g.sessions[sha256.Sum256([]byte(c.Value))]
	return ok && g.now().Before(until)
}

// begin makes a session and gives its cookie to the browser.
func (g *guard) begin(w http.ResponseWriter, r *http.Request) {
	id := rand.Text() + rand.Text()
	now := g.now()
	g.mu.Lock()
	var oldest [32]byte
	for k, until := range g.sessions {
		if !now.Before(until) {
			delete(g.sessions, k)
		} else if oldest == [32]byte{} || until.Before(g.sessions[oldest]) {
			oldest = k
		}
	}
	if len(g.sessions) >= maxSessions {
		delete(g.sessions, oldest)
	}
	g.sessions[sha256.Sum256([]byte(id))] = now.Add(sessionLife)
	g.mu.Unlock()
	http.SetCookie(w, g.newCookie(r, id, int(sessionLife.Seconds())))
}

// end ends the request's session.
func (g *guard) end(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(g.cookie); err == nil {
		g.mu.Lock()
		delete(g.sessions, sha256.Sum256([]byte(c.Value)))
		g.mu.Unlock()
	}
	http.SetCookie(w, g.newCookie(r, "", -1))
}

func (g *guard) newCookie(r *http.Request, value string, age int) *http.Cookie {
	c := &http.Cookie{
		Name: g.cookie, Value: value, Path: "/", MaxAge: age, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https"),
	}
	if g.public != nil && sameHost(r.Host, g.public.Host) {
		c.Path = g.public.Path + "/" // a prefix is what the browser sees
		c.Secure = c.Secure || g.public.Scheme == "https"
	}
	return c
}

// knownHost tells whether a request that needs no password names a host that is ours.
// Otherwise any page could make its own name point to this machine, and read along.
func (g *guard) knownHost(r *http.Request) bool {
	if !g.open() || g.isTrusted(r) {
		return true
	}
	host := hostname(r.Host)
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
		return true
	}
	return host == "localhost" || g.public != nil && host == strings.ToLower(g.public.Hostname())
}

func sameHost(a, b string) bool { return hostname(a) == hostname(b) }

// hostname cuts the port off, and the brackets of an IPv6 address.
func hostname(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// seconds is a wait for people and for Retry-After.
func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }
