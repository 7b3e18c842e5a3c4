package retry

import "net/http"

func hasBody(req *http.Request) bool { return req.Body != nil && req.Body != http.NoBody }

func (r *run) rewindable() bool {
	if !hasBody(r.req) {
		return true
	}
	body, ok := r.req.Body.(Rewinder)
	return ok && body.Rewindable()
}

// rewind puts the body from its beginning into the plan. It may fail though the body was rewindable a moment ago: the attempt before
// may still have been reading.
func (r *run) rewind(p *plan) bool {
	if !hasBody(r.req) {
		return true
	}
	body, err := r.req.Body.(Rewinder).Rewind()
	p.body = body
	return err == nil
}
