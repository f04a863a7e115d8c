// From the weight buffer to the columns: one vector of weights a MAC cycle, zero in all other cycles (so that idle PEs add
// nothing). VECTOR = 64: a word holds two vectors. Read at stage 4, data at stage 5, vector at stage 6.
module dna_weights #(
    parameter VECTOR = 128    // bits of a vector: columns times operand bits
) (
    input  wire              clk,
    input  wire              fresh_i,      // stage 5: the buffer's data are new
    input  wire              mac_i,        // stage 5
    input  wire              half_i,       // stage 5
    input  wire [127:0]      data_i,
    output reg  [VECTOR-1:0] w_o
);
    generate
        if (VECTOR == 128) begin : gen_whole
            wire unused_controls = &{1'b0, fresh_i, half_i};
            always @(posedge clk) w_o <= data_i & {128{mac_i}};
        end else begin : gen_halves
            reg [63:0] high_q;
            always @(posedge clk) begin
                if (fresh_i) high_q <= data_i[127:64];
                w_o <= (half_i ? high_q : data_i[63:0]) & {64{mac_i}};
            end
        end
    endgenerate
endmodule
