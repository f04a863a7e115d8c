// Balanced adder tree over N = 2^LEVELS signed terms; sums grow by a bit a level, a register stands behind every CUT levels
// and behind the last one. Latency ceil(LEVELS / CUT).
module dna_tree #(
    parameter LEVELS = 4,
    parameter BITS   = 16,
    parameter CUT    = 2
) (
    input  wire                          clk,
    input  wire [(1<<LEVELS)*BITS-1:0]   terms_i,
    output wire [BITS+LEVELS-1:0]        sum_o
);
    genvar l, i;
    generate
        for (l = 0; l <= LEVELS; l = l + 1) begin : gen_level
            wire [(1<<(LEVELS-l))*(BITS+l)-1:0] sums;
        end
        assign gen_level[0].sums = terms_i;
        for (l = 1; l <= LEVELS; l = l + 1) begin : gen_add
            localparam IN = BITS + l - 1;
            for (i = 0; i < (1 << (LEVELS-l)); i = i + 1) begin : gen_pair
                wire [IN-1:0] a = gen_level[l-1].sums[2*i*IN +: IN];
                wire [IN-1:0] b = gen_level[l-1].sums[(2*i+1)*IN +: IN];
                wire [IN:0] sum = {a[IN-1], a} + {b[IN-1], b};
                if (l % CUT == 0 || l == LEVELS) begin : gen_register
                    reg [IN:0] sum_q;
                    always @(posedge clk) sum_q <= sum;
                    assign gen_level[l].sums[i*(IN+1) +: IN+1] = sum_q;
                end else begin : gen_wire
                    assign gen_level[l].sums[i*(IN+1) +: IN+1] = sum;
                end
            end
        end
    endgenerate
    assign sum_o = gen_level[LEVELS].sums;
endmodule
