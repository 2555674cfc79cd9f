// Package web is what a browser sees: a page with the hubs and how they are, and the
// logins of hubs; and it is the door before everything that is served over HTTP, so that
// nobody gets in who does not know the password.
//
// It must not know any vendor or MQTT: how hubs are comes from bridge, how one logs in
// from the hub itself. Nothing here needs a script in the browser.
package web
