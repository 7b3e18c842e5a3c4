package toxic

import (
	"encoding/json"
	"strings"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Toxic is one way in which a network is bad, in toxiproxy's words.
type Toxic struct {
	Type string `json:"type"`
	// Stream is downstream for what comes back, upstream for what goes out.
	Stream     string           `json:"stream"`
	Toxicity   float32          `json:"toxicity"`
	Attributes map[string]int64 `json:"attributes"`
}

// The directions of a network, seen from who dials.
const (
	back = "downstream"
	out  = "upstream"
)

func bad(kind, stream string, attributes map[string]int64) Toxic {
	return Toxic{kind, stream, 1, attributes}
}

// network is a loopback port before an address, with toxics in between.
type network struct {
	proxy *toxiproxy.Proxy
}

func newNetwork(to string, toxics ...Toxic) (*network, error) {
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	n := &network{toxiproxy.NewProxy(server, "net", "127.0.0.1:0", to)}
	if err := n.proxy.Start(); err != nil {
		return nil, err
	}
	for _, toxic := range toxics {
		text, err := json.Marshal(toxic)
		if err != nil {
			return nil, err
		}
		if _, err := n.proxy.Toxics.AddToxicJson(strings.NewReader(string(text))); err != nil {
			return nil, err
		}
	}
	return n, nil
}

func (n *network) address() string { return n.proxy.Listen }

func (n *network) close() { n.proxy.Stop() }
