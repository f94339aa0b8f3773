"""Files of Chinese acquirers and of UnionPay."""
