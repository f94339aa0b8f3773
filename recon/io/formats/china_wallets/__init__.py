"""Bills of WeChat Pay, Alipay and personal wallets."""
