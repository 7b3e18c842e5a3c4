package compile

func (c *compiler) checkUpstream(s *source) {}
