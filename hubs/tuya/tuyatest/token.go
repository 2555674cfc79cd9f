package tuyatest

import (
	"net/http"
	"slices"
	"time"
)

// pair is an access token with the refresh token that came along.
type pair struct {
	access, refresh string
	expires         time.Time // of the access token; the refresh token never ages
	dead            bool
}

// Pair is what a project's tokens are now.
type Pair struct {
	AccessID string    `json:"accessId"`
	Access   string    `json:"access"`
	Refresh  string    `json:"refresh"`
	Expires  time.Time `json:"expires"`
}

// Pairs lists the living tokens of all projects, the newest of each project last.
func (c *Cloud) Pairs() []Pair {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := []Pair{}
	for _, p := range c.opts.Projects {
		for _, t := range c.projects[p.AccessID].pairs {
			out = append(out, Pair{p.AccessID, t.access, t.refresh, t.expires})
		}
	}
	return out
}

// ExpireAccess lets the access tokens of a project grow old at once; an empty access ID
// stands for all projects.
func (c *Cloud) ExpireAccess(accessID string) {
	c.eachPair(accessID, func(t *pair) { t.expires = c.opts.Now() })
}

// Revoke kills all tokens of a project, refresh tokens too, as another program with the
// same access ID does; an empty access ID stands for all projects.
func (c *Cloud) Revoke(accessID string) {
	c.eachPair(accessID, func(t *pair) { t.dead = true })
}

func (c *Cloud) eachPair(accessID string, f func(*pair)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, p := range c.projects {
		if accessID == "" || accessID == id {
			for _, t := range p.pairs {
				f(t)
			}
			p.bury()
		}
	}
}

func (p *project) bury() {
	p.pairs = slices.DeleteFunc(p.pairs, func(t *pair) bool { return t.dead })
}

func (c *Cloud) newPair(p *project) *pair {
	t := &pair{access: c.random(32), refresh: c.random(32), expires: c.opts.Now().Add(c.opts.ExpiresIn)}
	p.pairs = append(p.pairs, t)
	return t
}

// token serves grant_type=1.
func (c *Cloud) token(q *request) answer {
	if got := q.query.Get("grant_type"); got != "1" {
		return refuse(codeGrant, "grant_type is not 1")
	}
	p := q.project
	c.counters.Grants++
	switch c.opts.Grant {
	case GrantShares:
		for _, t := range p.pairs {
			if t.expires.After(c.opts.Now()) {
				return c.given(p, t)
			}
		}
	case GrantAdds:
	default:
		p.pairs = nil
	}
	return c.given(p, c.newPair(p))
}

// refresh swaps a pair for a new one. The refresh token works once, however old it is.
func (c *Cloud) refresh(q *request) answer {
	p := q.project
	c.counters.Refreshes++
	i := slices.IndexFunc(p.pairs, func(t *pair) bool { return t.refresh == q.args["token"] })
	if i < 0 {
		c.counters.RefreshesRefused++
		return refuse(c.opts.RefreshCode, "refresh token unknown or used up")
	}
	p.pairs = slices.Delete(p.pairs, i, i+1)
	return c.given(p, c.newPair(p))
}

func (c *Cloud) given(p *project, t *pair) answer {
	return ok(map[string]any{
		"uid": p.UID, "access_token": t.access, "refresh_token": t.refresh,
		c.opts.ExpireKey: int(t.expires.Sub(c.opts.Now()).Round(time.Second).Seconds()),
	})
}

// checkToken refuses a business call whose access token does not live.
func (c *Cloud) checkToken(q *request) (answer, bool) {
	token := q.http.Header.Get("access_token")
	for _, t := range q.project.pairs {
		if t.access != token {
			continue
		}
		if !t.expires.After(c.opts.Now()) {
			return refuse(c.opts.ExpiredCode, "access token expired"), false
		}
		q.pair = t
		return answer{}, true
	}
	return refuse(c.opts.InvalidCode, "access token unknown or replaced"), false
}

// tokenRoutes are the calls that are signed without an access token.
func (c *Cloud) tokenRoutes() []route {
	return []route{
		{http.MethodGet, "/v1.0/token", OpToken, groupToken, c.token},
		{http.MethodGet, "/v1.0/token/{token}", OpRefresh, groupToken, c.refresh},
	}
}
