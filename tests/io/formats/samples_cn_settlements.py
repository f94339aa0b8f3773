# ruff: noqa: E501  a line of a sample is a line of a file, in the sender's own signs
"""Samples of settlement files of Chinese banks and payment companies."""

from __future__ import annotations

from tests.io.formats.china_banks import (
    test_cn_bank_settlement,
    test_cn_regional_settlement,
    test_cn_reports,
    test_settlement_bob,
)
from tests.io.formats.sample_file import Sample, chinese, text


def cn_settlements() -> dict[str, Sample]:
    """Return the samples of settlement files of Chinese banks and payment companies."""
    sale = "M1|Sale|O1|20261120095147|19.80|a|19.80|622848*********1517|401|0.10|0.00|20261120|1|9|"
    vas = "ZF01|20261120|20261120003739|O1|G1|M1||50|0|50|AAAAAAA|||"
    card = "622848*********1517"
    return {
        "settlement_abc": Sample(text(test_cn_bank_settlement.ABC, sale), 1),
        "settlement_shanghai": Sample(
            chinese(
                "订单号|卡标志|币种|交易金额|交易类型|交易状态|交易日期|交易时间|清算日期|清算结果|备注",
                "O1|借记卡|人民币|10.00|支付|成功|2026-11-20|10:00:00|20261120|已清算|",
                "O2|借记卡|人民币|4.00|退款|成功|2026-11-20|11:00:00|20261120|已清算|",
            ),
            2,
        ),
        "settlement_boc": Sample(
            text(
                "1|1|2|10.00|4.00|6.00|",
                "104110059990001|O1|P1|T1|20261120100000|001|10.00|借记|PCEP||",
                "104110059990001|O2|P2|T1|20261120110000|001|4.00|借记|REFP||",
            ),
            2,
        ),
        "settlement_ccb": Sample(
            chinese(
                "交易流水明细",
                "交易时间 定单号 付款方账号 支付金额 退款金额 柜台号 备注1 备注2 付款方式 订单状态 记账日期",
                "2026-11-20 11:09:52\t1\t***7974\t0.10\t0.00\t55\t*\t*\t本地\t成功\t2026-11-20\t",
                "2026-11-20 11:09:53\t1\t***7974\t0.00\t0.04\t55\t*\t*\t本地\t成功\t20261120",
                "",
                "支付总金额/总笔数：0.10/1",
                "退款总金额/总笔数：0.04/1",
            ),
            2,
        ),
        "settlement_vas": Sample(chinese(vas, vas.replace("|O1|", "|O2|"), "共有 2  条记录"), 2),
        "settlement_vas_rural": Sample(
            text("1", "ZF01|20261120|20261120182025|O1|G1|M1||0.11|0|0.11|0000||"), 1
        ),
        "settlement_cgb_hz": Sample(
            chinese("#交易日期|网上支付交易订单号|交易金额", "20261120|O1|1,020.00"), 1
        ),
        "settlement_cib": Sample(
            chinese(
                "下单日期|网银交易流水号|商户代号|商户订单号|交易帐号|订单金额|退款金额|手续费|订单状态|交易日期|结算日期|银行流水号",
                f"20261120|N1|M1|O1|{card}|10.00|0.00|0.10|成功|20261120100000|20261120|B1",
            ),
            1,
        ),
        "settlement_cmbc": Sample(chinese(test_cn_bank_settlement.CMBC), 2),
        "settlement_hebei": Sample(
            chinese(
                "流水号,商户编码,订单号,订单金额,币种,姓名,交易日期,交易时间,交易状态,退款状态,对账结果",
                '"F1","M1","O1","1.00\t","人民币","*","20261120","100000","支付成功","",""',
            ),
            1,
        ),
        "settlement_hengfeng": Sample(
            chinese(
                "交易流水号;商户号;订单号;交易类型;交易状态;订单付款卡号;交易金额;交易日期",
                f"F1;M1;O1;支付;成功;{card};100.00;2026-11-20 10:00:00",
                f"F2;M1;O2;退款;成功;{card};50.00;2026-11-2011:00:00",
            ),
            2,
        ),
        "settlement_qingdao": Sample(
            chinese(
                "订单号\t交易时间\t网银流水号\t清算时间\t买方商户名称\t交易金额\t手续费\t交易状态\t交易结果",
                "O1\t2026年11月20日\tN1\t2026年11月20日\t甲\t100.00\t0.10\t成功\t订单支付",
                "O1\t2026年11月20日\tN2\t2026年11月20日\t甲\t50.00\t0.05\t成功\t订单退款",
            ),
            2,
        ),
        "settlement_cmb": Sample(text("20261120,20261120,0.10,0000008250,0"), 1),
        "settlement_cmb_trace": Sample(
            text("20261120,20261120,0.10,0000008250,0,12345678901234567890"), 1
        ),
        "settlement_citic_recharge": Sample(
            chinese(
                "充值对账文件",
                "订单号|订单日期|交易日期-时间|支付流水号|卡类型|结算金额",
                "-----------------------",
                "O1|20261120|2026-11-20-10:00:00|T1|借记卡|12.00",
                "=====================",
                "总计 交易总笔数：1 交易总金额:12.00",
            ),
            1,
        ),
        "settlement_abc_quickpay": Sample(
            chinese(
                f"103440000000001|20261120|20261120|{card}|320.00|12345678|000000000001|123456789012|贷记卡消费|"
            ),
            1,
        ),
        "settlement_dianyin": Sample(
            chinese(
                "交易流水号|交易时间|主账号|交易金额|交易手续费|交易消息类型|清算日期|电银商户号|电银终端号|订单号|银联参考号",
                "1",
                f"F1 |20261120100000 |{card} |10.00 |0.10 |消费 |20261120 |M1 |T1 |O1 |123456789012",
            ),
            1,
        ),
        "settlement_ips": Sample(
            chinese(
                "商户号123456",
                "总笔数1",
                "总金额10.00",
                "总手续费0.10",
                "商户订单号,IPS订单号,银行订单号,币种,订单金额,手续费,支付状态,商户提交日期,银行返回时间,交易类型",
                "[3233],I1,B1,RMB,10.00,0.10,成功,20261120,20261120,支付",
            ),
            1,
        ),
        "settlement_gaoyang": Sample(
            text("1.00,123456,O1,Y,20261120,0.01,RMB,F1,20261120,ICBC", "COUNT\t1\tSUMMONEY\t0.01"),
            1,
        ),
        "settlement_icbc_b2b": Sample(
            chinese(
                "商城代码：123456",
                "  0200000000000000001  O1  T1  10.00  指令处理完成，转账成功  2026-11-20 10:00  0.00",
            ),
            1,
        ),
        "settlement_icbc_b2c": Sample(
            chinese(
                "商城代码：123456",
                "  0200000000000000001  O1  T1  10.00  2026-11-20 10:00  支付成功已清算  无  0.00",
            ),
            1,
        ),
        "settlement_bob": Sample(test_settlement_bob.FILE.encode("gb18030"), 3),
        "settlement_abc_caret": Sample(
            text(
                "SALE^O1^1.50^V1^2026-5-6 0:14:02^B1^1^R1",
                "REFUND^O2^0.50^V2^2026-11-16 10:14:02^B1^2^R2",
            ),
            2,
        ),
        "settlement_bocom": Sample(
            chinese(
                "订单号 订单日期 交易日期-时间 支付流水号 卡类型 交易金额 手续费 实际结算金额 批次号",
                "O1  20261120  20261120-215006  T1  借记卡  1,100.00  5.50  1,094.50  B1",
            ),
            1,
        ),
        "settlement_boc_sz": Sample(
            chinese(
                "结算日期[20261120]",
                "商户号：104440059990001",
                "01080209 000001 4096-70XX-XXXX-4827 20261120 20261119 84.00 0.84 83.16 A12345 PCEP 0001 VISA 123456789012 O1",
            ),
            1,
        ),
        "settlement_citic_card": Sample(text(test_cn_reports.CITIC), 2),
        **{
            name: Sample(chinese(*lines), len(test_cn_regional_settlement.AMOUNTS[name]))
            for name, lines in test_cn_regional_settlement.FILES.items()
        },
        "unionpay_clearing_report": Sample(
            chinese(
                *(line for line in test_cn_reports.UNIONPAY.splitlines() if " xx " not in line)
            ),
            2,
        ),
    }
