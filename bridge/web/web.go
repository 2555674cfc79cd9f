package web

import (
	"fmt"
	"html/template"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/bridge"
)

// Config is what the page needs.
type Config struct {
	// Password reads the password anew; empty: none is asked for, and only requests that
	// name this machine or PublicURL are answered.
	Password func() (auth.Secret, error)
	// PublicURL is where browsers find us, with a path prefix or without; may be empty.
	// Requests may come with the prefix or with it cut off.
	PublicURL string
	// Trusted are addresses whose requests need no password.
	Trusted []netip.Addr
	// Cookie is the name of the session's cookie: browsers keep one jar for all ports of
	// a host, so that two bridges on one need two names.
	Cookie string

	Health   http.Handler                  // answers /healthz and /readyz, without a password
	Metrics  http.Handler                  // answers /metrics; nil: there are none
	Webhook  func(hub string) http.Handler // answers /webhook/HUB, without a password; gives nil where there is none
	Hubs     func() []bridge.HubView
	LoggedIn func(hub string) // is told of a login that worked; may be nil
	Desk     *Desk
	Log      zerolog.Logger
}

const (
	maxForm    = 64 << 10
	maxWebhook = 1 << 20
)

// site is everything behind one listener.
type site struct {
	cfg    Config
	guard  *guard
	cross  *http.CrossOriginProtection
	prefix string // of PublicURL's path, without a slash at its end
	now    func() time.Time
	pages  *template.Template
	style  string // the style sheet's hash
}

// New returns the handler of everything that is served over HTTP.
func New(cfg Config) (http.Handler, error) {
	s, err := newSite(cfg, time.Now)
	if err != nil {
		return nil, err
	}
	return s.whole(), nil
}

// NewCallback returns a handler of /callback/HUB alone, for a login without the bridge.
func NewCallback(cfg Config) (http.Handler, error) {
	s, err := newSite(cfg, time.Now)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /callback/{hub}", s.callback)
	return s.handler(mux), nil
}

func newSite(cfg Config, now func() time.Time) (*site, error) {
	s := &site{cfg: cfg, now: now}
	s.guard = &guard{
		read: cfg.Password, trusted: cfg.Trusted, cookie: cfg.Cookie, now: now, slow: newSlowdown(now), log: cfg.Log,
		sessions: map[[32]byte]time.Time{},
	}
	var err error
	if s.pages, s.style, err = readPages(); err != nil {
		return nil, err
	}
	if s.guard.password, err = cfg.Password(); err != nil {
		return nil, err
	}
	s.cross = http.NewCrossOriginProtection()
	s.cross.AddInsecureBypassPattern("/webhook/") // has a signature, and no browser comes there
	s.cross.SetDenyHandler(http.HandlerFunc(s.denyCrossSite))
	if cfg.PublicURL != "" {
		u, err := url.Parse(cfg.PublicURL)
		if err != nil {
			return nil, fmt.Errorf("PUBLIC_URL: %w", err)
		}
		u.Path = strings.TrimRight(u.Path, "/")
		s.guard.public, s.prefix = u, u.Path
		if err := s.cross.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil { // a proxy may rewrite Host
			return nil, fmt.Errorf("PUBLIC_URL: %w", err)
		}
	}
	return s, nil
}

// handler puts around routes what every answer needs.
func (s *site) handler(routes http.Handler) http.Handler {
	return s.recovered(s.unprefixed(s.headed(routes)))
}

func (s *site) whole() http.Handler {
	inside := http.NewServeMux()
	inside.HandleFunc("GET /{$}", s.overview)
	inside.HandleFunc("GET /login/{hub}", s.loginPage)
	inside.HandleFunc("POST /login/{hub}", s.loginForm)
	inside.HandleFunc("POST /signout", s.signOut)
	inside.HandleFunc("GET /signin", func(w http.ResponseWriter, _ *http.Request) { seeOther(w, "./") })
	if s.cfg.Metrics != nil {
		inside.Handle("GET /metrics", s.cfg.Metrics)
	}
	mux := http.NewServeMux()
	mux.Handle("/healthz", s.cfg.Health)
	mux.Handle("/readyz", s.cfg.Health)
	mux.HandleFunc("/webhook/{hub}", s.webhook)
	mux.HandleFunc("GET /callback/{hub}", s.callback)
	mux.Handle("POST /signin", s.atHome(http.HandlerFunc(s.signIn)))
	mux.Handle("/", s.atHome(s.behindPassword(inside)))
	return s.handler(s.cross.Handler(mux))
}

// recovered answers a request that met a bug. Neither address nor panic is shown: both
// may hold a code.
func (s *site) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p)
			default:
				s.cfg.Log.Error().Bytes("stack", debug.Stack()).Msg("a bug in the page's code, please report it")
				http.Error(w, "a bug, see the log", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// unprefixed cuts PUBLIC_URL's path off, where a proxy has not done it.
func (s *site) unprefixed(next http.Handler) http.Handler {
	if s.prefix == "" {
		return next
	}
	cut := http.StripPrefix(s.prefix, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == s.prefix && (r.Method == http.MethodGet || r.Method == http.MethodHead):
			seeOther(w, s.prefix[strings.LastIndexByte(s.prefix, '/')+1:]+"/") // links are relative
		case strings.HasPrefix(r.URL.Path, s.prefix+"/"):
			cut.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// headed sets what keeps browsers from doing more than we want with what they get.
func (s *site) headed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		frame, frameOption := "'none'", "DENY"
		if s.guard.isTrusted(r) { // Home Assistant shows us in a frame of its own origin
			frame, frameOption = "'self'", "SAMEORIGIN"
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src '"+s.style+"'; img-src data:; form-action 'self'; "+
			"base-uri 'none'; frame-ancestors "+frame)
		h.Set("X-Frame-Options", frameOption)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		// Addresses that hold codes go nowhere else. With no-referrer a browser would say
		// "Origin: null" with our own forms, which then look like somebody else's.
		h.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

func (s *site) denyCrossSite(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "this request comes from another site and was refused; set PUBLIC_URL to the address that the browser shows",
		http.StatusForbidden)
}

// atHome refuses requests for hosts that are not ours.
func (s *site) atHome(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.guard.knownHost(r) {
			http.Error(w, "this name is not known here: open http://localhost with the port of HTTP_LISTEN, "+
				"or set PUBLIC_URL to the address that you use, or set HTTP_PASSWORD", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// behindPassword asks browsers by a form and programs by Basic.
func (s *site) behindPassword(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := s.guard.admit(r)
		if a.ok {
			next.ServeHTTP(w, r)
			return
		}
		s.askPassword(w, r, a, page{
			Root: strings.Repeat("../", max(strings.Count(r.URL.Path, "/")-1, 0)), Next: ourPage(strings.TrimPrefix(r.URL.Path, "/")),
		})
	})
}

// webhook hands the vendor's call to its hub, which checks the signature.
func (s *site) webhook(w http.ResponseWriter, r *http.Request) {
	hook := s.cfg.Webhook(r.PathValue("hub"))
	if hook == nil {
		http.NotFound(w, r)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxWebhook)
	hook.ServeHTTP(w, r)
}

// seeOther sends a browser to an address relative to the one it asked for: what is
// before our path only the browser knows.
func seeOther(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}
