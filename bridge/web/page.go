package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/hub2mqtt/hub2mqtt/auth"
	"github.com/hub2mqtt/hub2mqtt/bridge"
	"github.com/hub2mqtt/hub2mqtt/hubs"
)

//go:embed pages
var files embed.FS

// readPages gives the templates, and the hash by which browsers know our style sheet. It
// stands in each page: asked for by itself it would need a way around the password.
func readPages() (all *template.Template, styleHash string, err error) {
	style, err := files.ReadFile("pages/style.css")
	if err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(style)
	element := template.HTML("<style>" + string(style) + "</style>") //nolint:gosec // ours
	all, err = template.New("").Funcs(template.FuncMap{
		"style": func() template.HTML { return element }, "words": stateWords, "stamp": stamp,
	}).ParseFS(files, "pages/*.html")
	return all, "sha256-" + base64.StdEncoding.EncodeToString(sum[:]), err
}

// page is what every page has.
type page struct {
	Root    string // from the page's address to ours: "" or "../"
	Title   string
	Refresh int  // seconds; zero: the page stays
	CanOut  bool // there is a session to end
	Now     time.Time
	Problem string // what went wrong
	Done    string // what went well
	Again   string // the hub whose login may be begun again

	Hubs  []hubLine
	Login loginView
	Next  string // where the password form leads
}

type hubLine struct {
	bridge.HubView
	Word     string // for the style
	CanLogin bool
}

// loginView is one hub's login.
type loginView struct {
	Hub      string
	Browser  bool
	Address  string // of the vendor's page, once it was asked for
	Redirect string
	Fields   []hubs.TokenField
}

func (s *site) show(w http.ResponseWriter, status int, name string, p page) {
	p.Now = s.now()
	var b bytes.Buffer
	if err := s.pages.ExecuteTemplate(&b, name, p); err != nil {
		s.cfg.Log.Error().Err(err).Msg("a page cannot be written")
		http.Error(w, "a bug, see the log", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

func (s *site) overview(w http.ResponseWriter, r *http.Request) {
	p := page{Title: "hub2mqtt", Refresh: 15, CanOut: s.guard.hasSession(r)}
	for _, v := range s.cfg.Hubs() {
		p.Hubs = append(p.Hubs, hubLine{
			v, strings.ReplaceAll(string(v.State), "_", "-"), s.cfg.Desk.ByBrowser(v.Name) || len(s.cfg.Desk.Fields(v.Name)) > 0,
		})
	}
	s.show(w, http.StatusOK, "overview.html", p)
}

// hub is the hub that a path names.
func (s *site) hub(w http.ResponseWriter, r *http.Request) (name string, ok bool) {
	name = r.PathValue("hub")
	if s.cfg.Desk.door(name).Hub == nil {
		http.NotFound(w, r)
		return name, false
	}
	return name, true
}

func (s *site) loginView(hub string) page {
	return page{Root: "../", Title: "Log in to " + hub, Login: loginView{
		Hub: hub, Browser: s.cfg.Desk.ByBrowser(hub), Fields: s.cfg.Desk.Fields(hub), Redirect: s.cfg.Desk.door(hub).Redirect,
	}}
}

func (s *site) loginPage(w http.ResponseWriter, r *http.Request) {
	if hub, ok := s.hub(w, r); ok {
		s.show(w, http.StatusOK, "login.html", s.loginView(hub))
	}
}

// loginForm takes what the login page's forms send: the wish to begin, a pasted return
// address, or a token.
func (s *site) loginForm(w http.ResponseWriter, r *http.Request) {
	hub, ok := s.hub(w, r)
	if !ok {
		return
	}
	patient(w)
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	p := s.loginView(hub)
	var err error
	switch r.PostForm.Get("do") {
	case "begin":
		// No redirect: form-action would have to name every host that a vendor's login
		// leads over, and the field for the return address has to stay in sight.
		if p.Login.Address, _, err = s.cfg.Desk.Begin(r.Context(), hub); err == nil {
			s.show(w, http.StatusOK, "login.html", p)
			return
		}
	case "answer":
		var answer url.Values
		if answer, err = ParseAnswer(r.PostForm.Get("address")); err == nil {
			err = s.cfg.Desk.Finish(r.Context(), hub, answer)
		}
	case "token":
		entered := map[string]auth.Secret{}
		for _, f := range p.Login.Fields {
			entered[f.Name] = auth.Secret(strings.TrimSpace(r.PostForm.Get("token_" + f.Name)))
		}
		err = s.cfg.Desk.Take(r.Context(), hub, entered)
	default:
		http.Error(w, "the form says nothing that is known here", http.StatusBadRequest)
		return
	}
	s.ended(w, hub, p, err)
}

// callback takes the answer of the vendor's page. Its state, good for one answer, is
// what protects it.
func (s *site) callback(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Referrer-Policy", "no-referrer") // there is no form on this page
	hub, ok := s.hub(w, r)
	if !ok {
		return
	}
	if r.Method != http.MethodGet { // a HEAD of some scanner must not spend the code
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	patient(w)
	p := s.loginView(hub)
	p.Login, p.Again = loginView{}, hub
	s.ended(w, hub, p, s.cfg.Desk.Finish(r.Context(), hub, r.URL.Query()))
}

func (s *site) ended(w http.ResponseWriter, hub string, p page, err error) {
	status := http.StatusOK
	if err != nil {
		status = http.StatusBadRequest
		p.Problem = err.Error()
	} else {
		p.Login, p.Again = loginView{}, ""
		p.Done = hub + " is logged in. You can close this page."
		if s.cfg.LoggedIn != nil {
			s.cfg.LoggedIn(hub)
		}
	}
	s.show(w, status, "login.html", p)
}

// patient gives an answer the time that a login's second half may take.
func patient(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(finishLimit + 20*time.Second))
}

// ourPage gives path back where the password form may lead there: to no address that
// somebody made up.
func ourPage(path string) string {
	if path == "metrics" || regexp.MustCompile(`^login/[a-z0-9-]+$`).MatchString(path) {
		return path
	}
	return ""
}

func (s *site) askPassword(w http.ResponseWriter, r *http.Request, a admission, p page) {
	status := http.StatusUnauthorized
	switch {
	case a.wait > 0:
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", seconds(a.wait))
		p.Problem = "Too many wrong passwords: wait " + seconds(a.wait) + " s, then try again."
	case a.tried:
		p.Problem = "The password is wrong."
	}
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		p.Title = "hub2mqtt"
		s.show(w, status, "password.html", p)
		return
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="hub2mqtt", charset="UTF-8"`)
	}
	if p.Problem == "" {
		p.Problem = "HTTP_PASSWORD is needed: send it by HTTP Basic, with any user name."
	}
	http.Error(w, p.Problem, status)
}

func (s *site) signIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	next := ourPage(r.PostForm.Get("next"))
	if !s.guard.open() {
		if a := s.guard.try(r, r.PostForm.Get("password")); !a.ok {
			s.askPassword(w, r, a, page{Next: next})
			return
		}
		s.guard.begin(w, r)
	}
	seeOther(w, "./"+next)
}

func (s *site) signOut(w http.ResponseWriter, r *http.Request) {
	s.guard.end(w, r)
	seeOther(w, "./")
}

// stateWords say in plain words how a hub is.
func stateWords(state bridge.HubState) string {
	switch state {
	case bridge.Starting:
		return "starting: it was not reached yet"
	case bridge.OK:
		return "works"
	case bridge.Degraded:
		return "works by polling: push is down"
	case bridge.Limited:
		return "waits: the vendor allows no more calls for a while"
	case bridge.Unreachable:
		return "cannot be reached"
	case bridge.LoginNeeded:
		return "needs a login"
	case bridge.Misconfigured:
		return "a setting is wrong, here or at the vendor"
	}
	return string(state)
}

// stamp is a moment as people read it, with its distance from now.
func stamp(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	d := now.Sub(t)
	form := "%s ago"
	if d < 0 {
		d, form = -d, "in %s"
	}
	text := "less than a second"
	switch {
	case d >= 48*time.Hour:
		text = fmt.Sprintf("%d days", int(d.Hours()/24))
	case d >= 2*time.Hour:
		text = fmt.Sprintf("%d hours", int(d.Hours()))
	case d >= 2*time.Minute:
		text = fmt.Sprintf("%d minutes", int(d.Minutes()))
	case d >= time.Second:
		text = fmt.Sprintf("%d s", int(d.Seconds()))
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC") + " (" + fmt.Sprintf(form, text) + ")"
}
