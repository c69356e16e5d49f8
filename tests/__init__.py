"""The suite: stories told by merchants and shoppers, on real servers, with the network off."""
