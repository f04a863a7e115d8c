// One of 2^LOG words: a tree of two-way multiplexers, LOG deep. Combinational.
module dna_pick #(
    parameter LOG  = 4,
    parameter BITS = 129
) (
    input  wire [(1<<LOG)*BITS-1:0] words_i,
    input  wire [LOG-1:0]           index_i,
    output wire [BITS-1:0]          word_o
);
    genvar l, i;
    generate
        for (l = 0; l <= LOG; l = l + 1) begin : gen_level
            wire [(1<<(LOG-l))*BITS-1:0] words;
        end
        assign gen_level[0].words = words_i;
        for (l = 1; l <= LOG; l = l + 1) begin : gen_choose
            for (i = 0; i < (1 << (LOG-l)); i = i + 1) begin : gen_pair
                assign gen_level[l].words[i*BITS +: BITS] = index_i[l-1] ? gen_level[l-1].words[(2*i+1)*BITS +: BITS]
                                                                         : gen_level[l-1].words[2*i*BITS +: BITS];
            end
        end
    endgenerate
    assign word_o = gen_level[LOG].words;
endmodule
