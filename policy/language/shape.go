package language

import "time"

// Kind is the form that a value has.
type Kind int

// The kinds. The scalar ones are texts of a form; Mapping, Named, Operations and List hold others.
const (
	Duration   Kind = iota + 1 // whole numbers with units, "1m30s"
	Integer                    // a whole number
	Share                      // a percentage, "20%"
	Size                       // bytes with a unit, "64KiB"
	Word                       // one of a few
	Truth                      // true or false
	Version                    // the number 1
	Name                       // what becomes a label: letters, digits, dots, dashes and underscores
	Use                        // the name of a policy under "policies"
	Former                     // a former name
	Address                    // host and port to listen on
	URL                        // scheme, host and port of an endpoint
	Host                       // a name by which requests ask for an upstream
	Network                    // an address range, "10.0.0.0/8"
	Path                       // a file, relative to the policy file
	Spec                       // a file, or where Served is set also what the application serves
	Header                     // the name of a header field
	Condition                  // what an attempt ended with: a word or a status
	Requests                   // all, failures or a sample
	List                       // of Item
	Mapping                    // of Keys
	Named                      // of names that the author gives, each with an Item
	Operations                 // of operation ids or METHOD /path, each with an Item
)

// Shape says what a value may be.
type Shape struct {
	Kind Kind
	// Off says that the value may also be "off".
	Off bool
	// Low and High bound a Duration (nanoseconds), an Integer, a Share (percent) and a Size (bytes), both included. Low is
	// the least number of items of a List.
	Low, High int64
	// Words are those of a Word and of a Condition; WordsLater are known and have no meaning yet. A Word without any can be off only.
	Words, WordsLater []string
	// Never are the statuses that a Condition cannot be.
	Never []int
	// Served says that a Spec may be what the application serves.
	Served bool
	// Item is what a List, Named or Operations holds, Single that one item may stand without its list.
	Item   *Shape
	Single bool
	// Keys are those of a Mapping. Short is a scalar that stands for it, as its key ShortFor.
	Keys     []Key
	Short    *Shape
	ShortFor string
}

// OrOff returns the shape with "off" as one more value.
func (s Shape) OrOff() Shape {
	s.Off = true
	return s
}

func duration(low, high time.Duration) Shape {
	return Shape{Kind: Duration, Low: int64(low), High: int64(high)}
}

func integer(low, high int64) Shape { return Shape{Kind: Integer, Low: low, High: high} }

func share(low int64) Shape { return Shape{Kind: Share, Low: low, High: 100} }

func size(low, high int64) Shape { return Shape{Kind: Size, Low: low, High: high} }

func words(all ...string) Shape { return Shape{Kind: Word, Words: all} }

// wordYet is one word that has a meaning and some that will.
func wordYet(yet string, later ...string) Shape {
	return Shape{Kind: Word, Words: []string{yet}, WordsLater: later}
}

func of(kind Kind) Shape { return Shape{Kind: kind} }

func list(item Shape) Shape { return Shape{Kind: List, Item: &item} }

func mapping(keys ...Key) Shape { return Shape{Kind: Mapping, Keys: keys} }

func named(item Shape) Shape { return Shape{Kind: Named, Item: &item} }
