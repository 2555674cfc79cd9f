package tuyatest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const signMethod = "HMAC-SHA256"

// signing is what goes into the signature of one call. Token is empty for calls that
// get or refresh one.
type signing struct {
	method, path string
	query        url.Values
	header       http.Header
	body         []byte
	token        string
}

// stringToSign joins what the caller sends: the query with its keys in order and nothing
// escaped, and of the headers those that Signature-Headers lists, in its order.
func (s signing) stringToSign() string {
	sum := sha256.Sum256(s.body)
	var headers strings.Builder
	if list := s.header.Get("Signature-Headers"); list != "" {
		for name := range strings.SplitSeq(list, ":") {
			headers.WriteString(name + ":" + s.header.Get(name) + "\n")
		}
	}
	parts := []string{}
	for _, k := range slices.Sorted(maps.Keys(s.query)) {
		parts = append(parts, k+"="+s.query.Get(k))
	}
	target := s.path
	if len(parts) > 0 {
		target += "?" + strings.Join(parts, "&")
	}
	return s.method + "\n" + hex.EncodeToString(sum[:]) + "\n" + headers.String() + "\n" + target
}

// sign is the signature that the caller should have sent.
func (s signing) sign(id, secret string) string {
	return mac(secret, id+s.token+s.header.Get("t")+s.header.Get("nonce")+s.stringToSign())
}

// legacySign is the one of projects from before 2021-06-30.
func (s signing) legacySign(id, secret string) string {
	return mac(secret, id+s.token+s.header.Get("t"))
}

func mac(secret, text string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(text))
	return strings.ToUpper(hex.EncodeToString(h.Sum(nil)))
}

// checkSign refuses a call whose headers or signature are not right. It needs the lock.
func (c *Cloud) checkSign(q *request) (answer, bool) {
	h := q.http.Header
	id := h.Get("client_id")
	for _, name := range []string{"client_id", "sign", "sign_method", "t"} {
		if h.Get(name) == "" {
			return refuse(codeHeader, "header "+name+" is missing"), false
		}
	}
	q.project = c.projects[id]
	if q.project == nil {
		return refuse(codeClient, "unknown access ID"), false
	}
	p := q.project
	if p.blocked {
		return refuse(codeAddress, "address not on the allowlist"), false
	}
	switch p.Elsewhere {
	case ElsewhereClient:
		return refuse(codeClient, "project lives in another data centre"), false
	case ElsewhereSign:
		return refuse(codeSign, "project lives in another data centre"), false
	case ElsewhereSkill:
		return refuse(codeSkill, "project lives in another data centre"), false
	default: // tokens are given
	}
	if why := wrongTime(h.Get("t"), q.now, c.opts.MaxSkew); why != "" {
		return refuse(codeTime, why), false
	}
	if q.business() && h.Get("access_token") == "" {
		return refuse(codeNoToken, "header access_token is missing"), false
	}
	if why := q.wrongSign(p); why != "" {
		return refuse(codeSign, why), false
	}
	if len(q.raw) > 0 && !strings.HasPrefix(h.Get("Content-Type"), "application/json") {
		return refuse(codeIllegal, "a body that is not application/json"), false
	}
	return answer{}, true
}

// wrongTime wants milliseconds that are not far from now. How many digits they have is
// no rule: in a synctest bubble it is the year 2000, and they are twelve.
func wrongTime(t string, now time.Time, skew time.Duration) string {
	ms, err := strconv.ParseInt(t, 10, 64)
	if err != nil {
		return "t is no time in milliseconds"
	}
	if d := now.Sub(time.UnixMilli(ms)).Abs(); d > skew {
		return "t is off by " + d.Round(time.Second).String()
	}
	return ""
}

func (q *request) wrongSign(p *project) string {
	h := q.http.Header
	if h.Get("sign_method") != signMethod {
		return "sign_method is not " + signMethod
	}
	s := signing{method: q.http.Method, path: q.http.URL.Path, query: q.query, header: h, body: q.raw}
	if q.business() {
		s.token = h.Get("access_token")
	}
	got := h.Get("sign")
	if hmac.Equal([]byte(got), []byte(s.sign(p.AccessID, p.AccessSecret))) {
		return ""
	}
	if p.Legacy && hmac.Equal([]byte(got), []byte(s.legacySign(p.AccessID, p.AccessSecret))) {
		return ""
	}
	for k, values := range q.query {
		if len(values) > 1 {
			return "query key " + k + " comes twice"
		}
	}
	return "sign does not fit"
}
